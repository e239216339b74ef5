import EtalonCore
import XCTest

@testable import EtalonSensors

final class SensorCatalogueTests: XCTestCase {
  private struct Names: SensorVisitor {
    var names: [String] = []
    var roles: [SensorRoles] = []
    mutating func visit<D: CataloguedDriver>(_ driver: D.Type) {
      names.append(D.entry.name.description)
      roles.append(D.entry.roles)
    }
  }

  private struct Finder: SensorVisitor {
    let name: String
    var asked: String?
    mutating func visit<D: CataloguedDriver>(_ driver: D.Type) {
      guard D.entry.isNamed(name.utf8) else { return }
      var driver = D(options: SensorOptions(settings: SerialSettings(baud: 4800)))
      asked = driver.start(.identify, at: Instant(nanoseconds: 0)).send?.text
    }
  }

  func testEveryNameIsThereOnce() {
    var visitor = Names()
    SensorCatalogue.visit(&visitor)
    XCTAssertTrue(Set(visitor.names).isSuperset(of: ["bc200", "dt100", "hart_1502a"]))
    XCTAssertEqual(Set(visitor.names).count, visitor.names.count)
    XCTAssertFalse(visitor.roles.contains([]))
  }

  func testDriversAreFoundByName() {
    for (name, request) in [
      ("hart_1502a", "\r*IDN?\r"), ("dt100", "\n*CLS\nCAL:SEC:STAT ON\n*ESE 1;*ESE?;*IDN?\n"),
      ("bc200", "\n*CLS\n*ESE 1;*ESE?;*IDN?\n"),
    ] {
      var finder = Finder(name: name)
      SensorCatalogue.visit(&finder)
      XCTAssertEqual(finder.asked, request)
    }
    for name in ["", "dt10", "dt1000", "DT100"] {
      var finder = Finder(name: name)
      SensorCatalogue.visit(&finder)
      XCTAssertNil(finder.asked, name)
    }
  }
}
