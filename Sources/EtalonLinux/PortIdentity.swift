/// What a USB device says about itself in its descriptors (Universal Serial Bus Specification 2.0, 9.6.1), and which of
/// its interfaces a port belongs to.
public struct USBIdentity: Sendable, Hashable {
  /// The manufacturer's number, for example 0x0403.
  public var vendor: UInt16
  /// The manufacturer's number of the product.
  public var product: UInt16
  /// The serial number; nil for a device that has none. Two such devices can not be told apart but by where they are
  /// plugged in.
  public var serialNumber: String?
  /// Number of the interface: a device with several ports has one for each.
  public var interface: Int?
  /// The names that the device gives itself, for people.
  public var manufacturerName: String?
  /// The name that the device gives itself, for people.
  public var productName: String?

  /// An identity from its parts.
  public init(
    vendor: UInt16, product: UInt16, serialNumber: String? = nil, interface: Int? = nil,
    manufacturerName: String? = nil, productName: String? = nil
  ) {
    self.vendor = vendor
    self.product = product
    self.serialNumber = serialNumber
    self.interface = interface
    self.manufacturerName = manufacturerName
    self.productName = productName
  }
}

/// Which device stands behind a port, as far as the kernel knows: the identity by which it is found again when its name
/// has changed.
public struct PortIdentity: Sendable, Hashable {
  /// What the USB device says about itself; nil for a port that is not on USB.
  public var usb: USBIdentity?
  /// Where it is plugged in, written as udev writes ID_PATH, for example `pci-0000:00:14.0-usb-0:2:1.0`: the name below
  /// `/dev/serial/by-path`. It stays the same when another device is plugged in there.
  public var physicalPath: String?

  /// An identity from its parts.
  public init(usb: USBIdentity?, physicalPath: String?) {
    self.usb = usb
    self.physicalPath = physicalPath
  }

  /// Whether `other` is the same device. A serial number decides where there is one, wherever the device is plugged in;
  /// without one it must be the same product at the same place.
  public func isSameDevice(as other: PortIdentity) -> Bool {
    guard usb?.vendor == other.usb?.vendor, usb?.product == other.usb?.product,
      usb?.serialNumber == other.usb?.serialNumber, usb?.interface == other.usb?.interface
    else { return false }
    if usb?.serialNumber != nil { return true }
    return physicalPath != nil && physicalPath == other.physicalPath
  }
}

/// How a bench names a port.
public enum PortAddress: Sendable, Hashable {
  /// By a path, for example `/dev/ttyUSB0` or a link to it. On USB it says who was plugged in first, not which device
  /// it is.
  case path(String)
  /// By what the USB device says about itself. Parts that are nil are not looked at.
  case usb(vendor: UInt16?, product: UInt16?, serialNumber: String?, interface: Int?)
  /// By where it is plugged in; see `PortIdentity.physicalPath`.
  case physicalPath(String)

  /// Whether a port with this identity is one that the address names; a path names no identity.
  public func names(_ identity: PortIdentity) -> Bool {
    switch self {
    case .path: return false
    case .physicalPath(let path): return identity.physicalPath == path
    case .usb(let vendor, let product, let serialNumber, let interface):
      guard let usb = identity.usb else { return false }
      return (vendor == nil || vendor == usb.vendor) && (product == nil || product == usb.product)
        && (serialNumber == nil || serialNumber == usb.serialNumber)
        && (interface == nil || interface == usb.interface)
    }
  }
}
