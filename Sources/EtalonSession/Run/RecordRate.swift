/// How much a run records, as far as memory has to be set aside for it.
public enum RecordRate {
  /// Time for which the disk may stand still without loss.
  public static let stallSeconds = 5.0
  /// What a period of the loop records: replies of two devices, their requests, wake-ups, the pair, the estimate, the
  /// actuator's exchange. A run of the virtual bench records less than half of it.
  public static let bytesPerPeriod = 3000.0

  /// Bytes of a ledger's ring for a loop with this rate: what it records in `stallSeconds`, at least 4 MiB, at most 256 MiB,
  /// a power of two.
  public static func ringBytes(rateHertz: Double) -> Int {
    let needed = min(rateHertz * stallSeconds * bytesPerPeriod, Double(1 << 28))
    var bytes = 1 << 22
    while Double(bytes) < needed { bytes *= 2 }
    return bytes
  }
}
