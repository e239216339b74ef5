import EtalonCore
import EtalonLinux
import EtalonSession

/// What a Linux world opens for a bench.
enum BenchPorts {
  /// The port of an instrument: a serial port, or the lines that it is reached over.
  static func specification(_ instrument: BenchPlan.Instrument, of bench: BenchPlan) -> LinuxPortSpecification {
    // The world numbers the lines of a device by themselves.
    func line(_ place: Int) -> LineSpecification { bench.lines[place].specification }
    switch instrument.lines {
    case nil: return serial(instrument)
    case .levels(let places):
      return .lines(.levels(Array(places.indices)), places.map(line))
    case .spi(let select, let clock, let dataOut, let dataIn, let half):
      return .lines(
        .spi(select: 0, clock: 1, dataOut: 2, dataIn: 3, halfPeriodNanoseconds: half),
        [select, clock, dataOut, dataIn].map(line))
    }
  }

  /// What the world knows about lines that could not be used, in words: more than the run's inputs can say.
  static func lineFaults(of world: borrowing LinuxWorld, ports: Int, lines: Int) -> [String] {
    var reasons: [String] = []
    for port in 0..<ports {
      if let fault = world.lineFault(ofPort: PortIndex(port)) { reasons.append(fault.explanation) }
    }
    for line in 0..<lines {
      if let fault = world.lineFault(of: LineIndex(line)) { reasons.append(fault.explanation) }
    }
    return reasons
  }

  private static func serial(_ instrument: BenchPlan.Instrument) -> LinuxPortSpecification {
    let address: PortAddress
    switch instrument.naming {
    case .path(let path): address = .path(path)
    case .physicalPath(let path): address = .physicalPath(path)
    case .usb(let vendor, let product, let serialNumber, let interface):
      address = .usb(vendor: vendor, product: product, serialNumber: serialNumber, interface: interface)
    }
    return .port(
      address, settings: instrument.settings,
      reconnectNanoseconds: Int64((instrument.reconnectSeconds * 1e9).rounded()))
  }
}
