internal import RouteNetlink

/// What a configuration says about one direction.
struct RateLimit: Hashable {
  /// Bits per second.
  var rate: UInt64

  /// How far, in bits, the container may run ahead of the rate after it has been silent for a while.
  var burst: UInt64

  /// How long packets may wait once the burst is used up: the delay with which the queue's length is reckoned, in
  /// fractions of a second. 25 ms, as in the reference.
  private static let queuesPerSecond: UInt64 = 40

  /// What runtimes send that know of no burst: the greatest number that they could write down. In the order of the
  /// numbers: the kubelet of old, containerd, CRI-O.
  private static let unsaid: [UInt64] = [2_147_483_647, 4_294_967_295, 34_359_738_359]

  /// The bucket and the queue that hold a link to the rate.
  var tokenBucket: TokenBucket {
    let bytesPerSecond = rate / 8
    var bytes = burst / 8
    var queue = bytesPerSecond / Self.queuesPerSecond
    if Self.unsaid.contains(burst) {
      // Taken at its word, such a number would let the first 256 MB, 512 MB, 4 GB through at full speed, and as much wait
      // in the queue afterwards, for minutes. Who limits a container to 10 Mbit/s and says no more wants 10 Mbit/s. So the
      // bucket holds a tenth of a second's bytes, and some large packets at least; the queue has room for what TCP needs
      // to use a small rate. (With the reference's arithmetic such a number overflows, on each processor differently.)
      bytes = min(bytes, max(bytesPerSecond / 10, 32 << 10))
      queue = max(queue, 256 << 10)
    }
    // Bursts are below 2³² bytes, so that a million times as much fits into 64 bits.
    let microseconds = bytesPerSecond == 0 ? 0 : bytes * 1_000_000 / bytesPerSecond
    return TokenBucket(
      rate: bytesPerSecond, limit: UInt32(clamping: queue + bytes),
      buffer: TrafficTicks(clampingMicroseconds: microseconds))
  }
}
