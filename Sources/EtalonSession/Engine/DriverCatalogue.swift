import EtalonCore
import EtalonSensors

/// Makes drivers by the names that bench files use.
enum DriverCatalogue {
  private struct Maker: SensorVisitor {
    let name: String
    let options: SensorOptions
    var driver: (any Driver)?
    mutating func visit<D: CataloguedDriver>(_ driver: D.Type) {
      if D.entry.isNamed(name.utf8) { self.driver = D(options: options) }
    }
  }

  static func makeDriver(for instrument: BenchPlan.Instrument) throws(Failure) -> any Driver {
    var maker = Maker(
      name: instrument.device,
      options: SensorOptions(
        settings: instrument.settings, unlockCode: instrument.unlockCode.map { Frame($0.utf8) },
        deadManSeconds: instrument.deadManSeconds,
        updatePeriodNanoseconds: instrument.updatePeriodSeconds.map { Int64(($0 * 1e9).rounded()) },
        serial: instrument.details.serial.map { Frame($0.utf8) }, ratedWatts: instrument.details.ratedWatts,
        windowNanoseconds: instrument.details.windowSeconds.map { Int64(($0 * 1e9).rounded()) },
        referenceOhm: instrument.details.referenceOhm, wires: instrument.details.wires))
    SensorCatalogue.visit(&maker)
    guard let driver = maker.driver else {
      throw Failure(.badBench, role: instrument.roles.first ?? "", "there is no driver named '\(instrument.device)'")
    }
    return driver
  }
}

extension DriverCatalogue {
  private struct RoleFinder: SensorVisitor {
    let name: String
    var roles: SensorRoles = []
    mutating func visit<D: CataloguedDriver>(_ driver: D.Type) {
      if D.entry.isNamed(name.utf8) { roles = D.entry.roles }
    }
  }

  /// Which roles a device can serve; empty for one that the catalogue does not know.
  static func roles(of device: String) -> SensorRoles {
    var finder = RoleFinder(name: device)
    SensorCatalogue.visit(&finder)
    return finder.roles
  }
}
