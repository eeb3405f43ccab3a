internal import CNI
internal import LinuxSystem
internal import State

/// Takes a lock that the plugins of this host share, and holds it until the descriptor goes away.
///
/// - Parameter name: The path of the lock's file below the directory of the journal: `bridges/cni0`.
/// - Throws: Code 11 ("try again later") when somebody holds it for too long.
func hostLock(_ name: String, _ kind: FileLockKind) throws(PluginError) -> OwnedDescriptor {
  try system { () throws(SystemError) in
    let file = try Journal().sharedFile(name)
    try lock(file.rawValue, kind, seconds: Journal.patience, subject: "\(Journal.standardDirectory)/\(name)")
    return file
  }
}
