/// Reads `port:` of a bench: a path, or a mapping that says which device it is.
///
/// ```yaml
/// port: /dev/ttyUSB0
/// port: {usb: {serial: A50285BI}}
/// port: {usb: {vendor: 0403, product: 6001, serial: A50285BI, interface: 0}, reconnect: 30 s}
/// port: {physical_path: pci-0000:00:14.0-usb-0:2:1.0}
/// ```
struct PortReader {
  var naming: PortNaming
  /// How long the device is waited for when it goes away, seconds.
  var reconnectSeconds: Double

  /// Nil when the value is no port; what is wrong has been reported then.
  init?(_ value: ValueReader?) {
    guard let value else { return nil }
    if value.isScalar {
      guard let path = value.text() else { return nil }
      naming = .path(path)
      reconnectSeconds = naming.usualReconnectSeconds
      return
    }
    guard let mapping = value.mapping() else { return nil }
    mapping.requiredOne(of: "usb", "physical_path", "path")
    let usb = mapping.optional("usb").map { Self.usb($0) }
    let physicalPath = mapping.optional("physical_path")?.text()
    let path = mapping.optional("path")?.text()
    let reconnect = mapping.optional("reconnect")?.quantity(.time, .notNegative)
    mapping.finish()
    let found = [usb ?? nil, physicalPath.map { .physicalPath($0) }, path.map { .path($0) }].compactMap { $0 }
    if found.count > 1 {
      value.report("the port is named in \(found.count) ways", fix: "keep one of 'usb', 'physical_path' and 'path'")
    }
    guard found.count == 1 else { return nil }
    naming = found[0]
    if let reconnect, reconnect > Self.longestReconnectSeconds {
      value.report("a device is waited for at most an hour", fix: "write 'reconnect: 3600 s' or less")
      return nil
    }
    reconnectSeconds = reconnect ?? naming.usualReconnectSeconds
  }

  private static let longestReconnectSeconds = 3600.0

  private static func usb(_ value: ValueReader) -> PortNaming? {
    guard let mapping = value.mapping() else { return nil }
    let vendor = mapping.optional("vendor")
    let product = mapping.optional("product")
    let serial = mapping.optional("serial")?.text()
    let interface = mapping.optional("interface")?.integer(0...255)
    let vendorNumber = vendor.flatMap { number($0) }
    let productNumber = product.flatMap { number($0) }
    mapping.finish()
    if serial == nil, vendor == nil || product == nil {
      value.report(
        "\(value.name) does not say which device it is",
        fix: "give its 'serial', or 'vendor' and 'product'; etalon ports shows them")
      return nil
    }
    if vendor != nil && vendorNumber == nil || product != nil && productNumber == nil { return nil }
    return .usb(vendor: vendorNumber, product: productNumber, serialNumber: serial, interface: interface)
  }

  /// One to four hexadecimal digits, as `lsusb` prints them; `0x` before them may be there.
  private static func number(_ value: ValueReader) -> UInt16? {
    guard let text = value.text() else { return nil }
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
    guard (1...4).contains(digits.utf8.count), let number = UInt16(digits, radix: 16), digits.first != "+" else {
      value.report("'\(text)' is no USB number", fix: "write four hexadecimal digits, for example 0403")
      return nil
    }
    return number
  }
}
