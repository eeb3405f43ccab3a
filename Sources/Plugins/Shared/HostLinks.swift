internal import CNI
internal import Netlink
internal import RouteNetlink
internal import State
internal import SystemPackage

/// The host's links that a record tells of, as far as they are still there and still the same.
func hostLinks(of record: AttachmentRecord, in host: borrowing RouteSocket) throws(PluginError) -> [Link] {
  var links: [Link] = []
  for end in record.hostLinks {
    let link = try netlink { () throws(NetlinkError) in try host.link(named: end.name) }
    if let link, link.address == end.address { links.append(link) }
  }
  return links
}

/// Removes the host's links that a record tells of. The other ends go with them.
///
/// - Returns: Whether there was one.
@discardableResult
func removeHostLinks(of record: AttachmentRecord, from host: borrowing RouteSocket) throws(PluginError) -> Bool {
  let links = try hostLinks(of: record, in: host)
  for link in links {
    try netlink { () throws(NetlinkError) in
      _ = try host.perform(.deleteLink(.index(link.index)), tolerating: [.operationNotSupportedByDevice])
    }
  }
  return !links.isEmpty
}
