internal import CLinux
internal import LinuxSystem

/// A plugin's file in one of the directories of `CNI_PATH`.
struct PluginFile {
  let path: String
  let identity: FileIdentity

  /// Looks for a plugin. The first regular file of that name is it, whether it can be executed or not; symbolic links
  /// are followed.
  ///
  /// - Parameters:
  ///   - type: The plugin's name, which is its file's name.
  ///   - searchPath: Directories with colons between them; an empty one is the current directory.
  init(_ type: String, in searchPath: String) throws(PluginError) {
    guard !type.isEmpty else { throw PluginError("no plugin name provided") }
    guard !type.utf8.contains(UInt8(ascii: "/")) else { throw PluginError("invalid plugin name: \(type)") }
    guard !searchPath.isEmpty else { throw PluginError("no paths provided") }

    let directories = searchPath.split(separator: ":", omittingEmptySubsequences: false)
    for directory in directories {
      let path = directory.isEmpty ? "./\(type)" : "\(directory)/\(type)"
      if let status = try? fileStatus(path), status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) {
        self.path = path
        identity = FileIdentity(status)
        return
      }
    }
    throw PluginError(
      "failed to find plugin \(quoted(type)) in path [\(directories.joined(separator: " "))]")
  }

  /// Whether the file is the executable of this process, under whatever name.
  var isOwnExecutable: Bool {
    guard let own = try? FileIdentity(ofPath: "/proc/self/exe") else { return false }
    return identity == own
  }
}
