import EtalonLinux
import EtalonSession

extension LinuxPortSpecification {
  /// The port of a device of a bench.
  init(_ instrument: BenchPlan.Instrument) {
    let address: PortAddress
    switch instrument.naming {
    case .path(let path): address = .path(path)
    case .physicalPath(let path): address = .physicalPath(path)
    case .usb(let vendor, let product, let serialNumber, let interface):
      address = .usb(vendor: vendor, product: product, serialNumber: serialNumber, interface: interface)
    }
    self = .port(
      address, settings: instrument.settings,
      reconnectNanoseconds: Int64((instrument.reconnectSeconds * 1e9).rounded()))
  }
}
