import EtalonCore

/// CRC-32/ISO-HDLC: polynomial 04C11DB7 reflected, initial value and final XOR FFFFFFFF, check value CBF43926 for
/// `123456789`.
public enum CRC32 {
  /// The checksum over the bytes of `range`.
  public static func checksum(_ frame: Frame, _ range: Range<Int>) -> UInt32 {
    var register = UInt32.max
    for index in range {
      register ^= UInt32(frame[index])
      for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0xEDB8_8320 : register >> 1 }
    }
    return ~register
  }
}
