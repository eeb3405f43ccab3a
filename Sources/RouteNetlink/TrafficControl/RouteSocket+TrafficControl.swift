internal import CLinux
public import Netlink
internal import SystemPackage

extension RouteSocket {
  /// The queueing discipline at one place of a link.
  ///
  /// - Returns: nil where there is none, and where the kernel has put one of its own there because the link is down.
  public func queueingDiscipline(at parent: TrafficHandle, of link: UInt32) throws(NetlinkError)
    -> QueueingDiscipline?
  {
    // The answer is a copy of the notification, and comes only where one wants it. Where the kernel hides its own
    // discipline there is no answer at all, and the acknowledgement ends the wait.
    let message = MessageBuilder(
      MessageType(RTM_GETQDISC), [.echo, .acknowledge], tcmsg(link: link, parent: parent))
    let request = NetlinkRequest(message, "find queueing discipline at \(parent) of link with index \(link)")
    do throws(NetlinkError) {
      return try socket.query(request) { (message) throws(MalformedMessage) in
        try QueueingDiscipline(message, of: link)
      }
    } catch {
      if error.code == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// The queueing disciplines of a link. The kernel tells those of all links for it:
  /// ``queueingDiscipline(at:of:)`` does not take longer on a large machine.
  public func queueingDisciplines(of link: UInt32) throws(NetlinkError) -> [QueueingDiscipline] {
    let message = MessageBuilder(MessageType(RTM_GETQDISC), .dump, tcmsg(link: link, parent: .unspecified))
    let request = NetlinkRequest(message, "list queueing disciplines of link with index \(link)")
    return try socket.dump(request) { (message) throws(MalformedMessage) in
      try QueueingDiscipline(message, of: link)
    }
  }

  /// The classes of a link that `htb` has.
  public func trafficClasses(of link: UInt32) throws(NetlinkError) -> [TrafficClass] {
    let message = MessageBuilder(MessageType(RTM_GETTCLASS), .dump, tcmsg(link: link, parent: .unspecified))
    return try socket.dump(NetlinkRequest(message, "list classes of link with index \(link)")) {
      (message) throws(MalformedMessage) in try TrafficClass(message)
    }
  }

  /// The filters of a queueing discipline or of a class of a link, in the order in which they are asked.
  public func trafficFilters(of link: UInt32, parent: TrafficHandle) throws(NetlinkError) -> [TrafficFilter] {
    let message = MessageBuilder(MessageType(RTM_GETTFILTER), .dump, tcmsg(link: link, parent: parent))
    return try socket.dump(NetlinkRequest(message, "list filters at \(parent) of link with index \(link)")) {
      (message) throws(MalformedMessage) in try TrafficFilter(message)
    }
  }
}
