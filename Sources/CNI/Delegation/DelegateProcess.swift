internal import JSON
internal import LinuxSystem

/// Calls a plugin that is another executable, and reads its answer as a runtime does.
enum DelegateProcess {
  /// Runs a delegate with the environment and the input of the call; only the command differs.
  ///
  /// - Returns: What a successful delegate printed.
  static func run(_ path: String, _ command: Command, _ call: Call) throws(PluginError) -> [UInt8] {
    let outcome: ChildProcess.Outcome
    do throws(SystemError) {
      outcome = try ChildProcess.run(
        path, environment: call.environment, replacing: "CNI_COMMAND", by: command.rawValue, input: call.input,
        outputLimit: Dispatcher.longestInput)
    } catch {
      throw PluginError("netplugin failed with no error message: \(error.operation) \(path): \(error.code.text)")
    }
    if case .exited(0) = outcome.termination { return outcome.output }
    throw failure(outcome)
  }

  /// Parses what a delegate printed.
  static func parse(_ output: [UInt8]) throws(PluginError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: output)
    } catch {
      throw PluginError(.decoding, "failed to unmarshal raw result: \(error)")
    }
  }

  /// The error of a delegate that failed: its own, if it printed one.
  private static func failure(_ outcome: ChildProcess.Outcome) -> PluginError {
    // Its stderr is ours, so what it said there has been said.
    guard !outcome.output.isEmpty else {
      return PluginError("netplugin failed with no error message: \(outcome.termination)")
    }
    do throws(JSONError) {
      return try PluginError(json: JSONValue(parsing: outcome.output))
    } catch {
      let text = String(decoding: outcome.output, as: UTF8.self)
      return PluginError("netplugin failed but error parsing its diagnostic message \(quoted(text)): \(error)")
    }
  }
}
