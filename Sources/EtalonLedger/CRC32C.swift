/// The cyclic redundancy check CRC-32C (Castagnoli): polynomial 1EDC6F41, reflected, initial value and final exclusive
/// or FFFFFFFF (RFC 3720, appendix B.4). Its check value for the ASCII digits `123456789` is E3069283.
///
/// The register is advanced by eight bytes at a time ("slicing by 8": Kounavis and Berry, IEEE ISCC 2005, section 4).
public struct CRC32C: Sendable {
  /// The register before the final exclusive or.
  private var register: UInt32 = 0xFFFF_FFFF

  /// The check of no bytes.
  public init() {}

  /// The check of all bytes so far.
  public var value: UInt32 { ~register }

  /// Adds bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    let table = Self.tables.pointer
    var crc = register
    var offset = 0
    let wholeEnd = bytes.count & ~7
    while offset < wholeEnd {
      let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ UInt64(crc)
      crc = table[7 * 256 + Int(word & 0xFF)]
      crc ^= table[6 * 256 + Int(word >> 8 & 0xFF)]
      crc ^= table[5 * 256 + Int(word >> 16 & 0xFF)]
      crc ^= table[4 * 256 + Int(word >> 24 & 0xFF)]
      crc ^= table[3 * 256 + Int(word >> 32 & 0xFF)]
      crc ^= table[2 * 256 + Int(word >> 40 & 0xFF)]
      crc ^= table[1 * 256 + Int(word >> 48 & 0xFF)]
      crc ^= table[Int(word >> 56)]
      offset += 8
    }
    while offset < bytes.count {
      let byte = base.load(fromByteOffset: offset, as: UInt8.self)
      crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
      offset += 1
    }
    register = crc
  }

  /// The check of `bytes`.
  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var check = CRC32C()
    check.update(bytes)
    return check.value
  }

  /// Eight tables of 256 words, one after the other; table k advances the register by k + 1 bytes. They are never
  /// freed.
  private struct Tables: @unchecked Sendable {
    let pointer: UnsafePointer<UInt32>

    init() {
      let words = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
      for byte in 0..<256 {
        var crc = UInt32(byte)
        for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
        words[byte] = crc
      }
      for index in 256..<8 * 256 {
        let previous = words[index - 256]
        words[index] = previous >> 8 ^ words[Int(previous & 0xFF)]
      }
      pointer = UnsafePointer(words)
    }
  }

  private static let tables = Tables()
}
