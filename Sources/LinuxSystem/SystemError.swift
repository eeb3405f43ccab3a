internal import CLinux
public import SystemPackage

/// A system call that failed: which one, why, and what it was about.
///
/// The description is what a person reads: `open "/run/netns/blue": no such file or directory`.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The system call or the step, in lower case: `open`, `setns`.
  public let operation: String

  /// The error number. See `errno(3)`.
  public let code: Errno

  /// The path, name or object that the call was about, where there is one.
  public let subject: String?

  /// Describes a failed step.
  public init(_ operation: String, _ code: Errno, on subject: String? = nil) {
    self.operation = operation
    self.code = code
    self.subject = subject
  }

  public var description: String {
    guard let subject else { return "\(operation): \(code.text)" }
    return "\(operation) \(quoted(subject)): \(code.text)"
  }
}

extension Errno {
  /// `ENODEV` as everybody else calls it. swift-system has the BSD's text for it.
  package static var noSuchDevice: Errno { .operationNotSupportedByDevice }

  /// The text of the error in the form that the field's tools print and search for: lower case, without a period
  /// (`no such file or directory`).
  public var text: String {
    // Mostly it is no connection that was waited for.
    if self == .timedOut { return "timed out" }
    let text = String(cString: swiftcni_strerror(rawValue))
    guard let first = text.utf8.first, UInt8(ascii: "A")...UInt8(ascii: "Z") ~= first else { return text }
    let second = text.utf8.dropFirst().first ?? UInt8(ascii: " ")
    // An acronym ("RPC: ...") keeps its capitals.
    if UInt8(ascii: "A")...UInt8(ascii: "Z") ~= second { return text }
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

/// An error that a failed system call can become: what a function throws that runs somebody's code between two system
/// calls of its own.
public protocol SystemErrorConvertible: Error {
  init(_ error: SystemError)
}

extension SystemError: SystemErrorConvertible {
  public init(_ error: SystemError) { self = error }
}

extension SystemError {
  /// The step and the reason without the subject, for messages that name it themselves.
  public var reason: String {
    // Looking for something that is not there needs no more words.
    operation == "open" || operation == "stat" ? code.text : "\(operation): \(code.text)"
  }
}
