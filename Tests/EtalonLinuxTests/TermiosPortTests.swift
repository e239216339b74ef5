import CEtalonLinux
import EtalonCore
import EtalonLinux
import Glibc
import XCTest

/// Every fault that opening can meet, each with its own kind.
final class TermiosPortTests: XCTestCase {
  func testPathsThatAreNoPort() {
    let scratch = Scratch()
    XCTAssertEqual(openingFault(scratch.path + "/absent"), .missing)
    let plain = scratch.path + "/plain"
    let descriptor = open(plain, O_WRONLY | O_CREAT, 0o644)
    close(descriptor)
    XCTAssertEqual(openingFault(plain), .notATerminal)
    XCTAssertEqual(openingFault(plain + "/below"), .missing)
    XCTAssertEqual(openingFault(scratch.path), .notATerminal)
    XCTAssertEqual(openingFault("/dev/null"), .notATerminal)
    let queue = scratch.path + "/queue"
    XCTAssertEqual(mkfifo(queue, 0o644), 0)
    XCTAssertEqual(openingFault(queue), .notATerminal, "opening a queue must not wait for its other side")
  }

  func testDanglingLink() {
    let scratch = Scratch()
    let link = scratch.path + "/ref"
    XCTAssertEqual(symlink("/dev/pts/99999", link), 0)
    XCTAssertEqual(openingFault(link), .missing)
  }

  func testNoPermission() throws {
    let terminal = BareTerminal()
    XCTAssertEqual(chmod(terminal.slavePath, 0o600), 0)
    guard geteuid() == 0 else {
      XCTAssertEqual(chmod(terminal.slavePath, 0), 0)
      XCTAssertEqual(openingFault(terminal.slavePath), .permission)
      return
    }
    // Root may open anything, so the test is somebody else for these lines.
    XCTAssertEqual(seteuid(65534), 0)
    let fault = openingFault(terminal.slavePath)
    XCTAssertEqual(seteuid(0), 0)
    XCTAssertEqual(fault, .permission)
  }

  func testHeldByAnother() throws {
    let terminal = BareTerminal()
    do {
      let port = try TermiosPort(path: terminal.slavePath, settings: SerialSettings(baud: 9600))
      XCTAssertEqual(openingFault(terminal.slavePath), .busy)
      _ = consume port
    }
    XCTAssertNil(openingFault(terminal.slavePath), "negative control: it is free again")
    // Another program that uses the kernel's claim instead of a lock.
    let other = open(terminal.slavePath, O_RDWR | O_NOCTTY)
    XCTAssertEqual(etalon_terminal_claim(other), 0)
    XCTAssertEqual(openingFault(terminal.slavePath), .busy)
    close(other)
  }

  func testSettings() throws {
    let terminal = BareTerminal()
    for baud in [300, 1200, 9600, 19200, 115_200, 921_600] {
      XCTAssertNil(openingFault(terminal.slavePath, SerialSettings(baud: baud)))
    }
    XCTAssertEqual(openingFault(terminal.slavePath, SerialSettings(baud: 12_345)), .settingsRefused)
    XCTAssertEqual(openingFault(terminal.slavePath, SerialSettings(baud: 0)), .settingsRefused)
    XCTAssertEqual(openingFault(terminal.slavePath, SerialSettings(baud: -9600)), .settingsRefused)
    XCTAssertEqual(openingFault(terminal.slavePath, SerialSettings(baud: 9600, dataBits: 9)), .settingsRefused)
    XCTAssertEqual(openingFault(terminal.slavePath, SerialSettings(baud: 9600, stopBits: 3)), .settingsRefused)
    // A pseudo-terminal refuses parity and size, which is no fault; the second time nothing else changes meanwhile,
    // and the C library reports the refusal.
    let modbus = SerialSettings(baud: 19200, dataBits: 7, parity: .even, stopBits: 2)
    let keeper = open(terminal.slavePath, O_RDWR | O_NOCTTY)
    for _ in 0..<3 { XCTAssertNil(openingFault(terminal.slavePath, modbus)) }
    close(keeper)
  }

  /// Raw in both directions: all 256 byte values pass unchanged and nothing is echoed.
  func testAllBytesPass() throws {
    let terminal = BareTerminal()
    var world = try LinuxWorld(
      ports: [.serial(path: terminal.slavePath, settings: SerialSettings(baud: 115_200))], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    let all = (0...255).map { UInt8($0) }
    XCTAssertEqual(write(terminal.master, all, all.count), all.count)
    XCTAssertEqual(collect(&world, 256).bytes, all)
    XCTAssertEqual(terminal.take(), [], "nothing is echoed")
    world.perform(.send(0, Frame(all), confidential: false))
    var back: [UInt8] = []
    let deadline = world.now() + patienceNanoseconds
    while back.count < 256 && world.now() < deadline { back += terminal.take() }
    XCTAssertEqual(back, all)
  }

  func testReadAndWriteAfterHangUp() throws {
    let terminal = BareTerminal()
    var port = try TermiosPort(path: terminal.slavePath, settings: SerialSettings(baud: 9600))
    let silence = try port.read()
    XCTAssertTrue(silence.isEmpty)
    terminal.hangUp()
    for _ in 0..<2 {
      do throws(PortFault) {
        _ = try port.read()
        XCTFail("reading from a port that is gone must not look like silence")
      } catch {
        XCTAssertEqual(error, .hangUp)
      }
      do throws(PortFault) {
        try port.write(Frame(ascii: "t?\r"))
        XCTFail("writing to a port that is gone")
      } catch {
        XCTAssertEqual(error, .hangUp)
      }
    }
    XCTAssertEqual(openingFault(terminal.slavePath), .missing)
  }

  /// What arrived before the port was opened is not taken for an answer.
  func testOldInputIsDropped() throws {
    let terminal = BareTerminal()
    let keeper = open(terminal.slavePath, O_RDWR | O_NOCTTY)
    var raw = termios()
    tcgetattr(keeper, &raw)
    cfmakeraw(&raw)
    tcsetattr(keeper, TCSANOW, &raw)
    // As much as the kernel takes, in all its buffers.
    let old = [UInt8](repeating: 0x6F, count: 800)
    var taken = 0
    while true {
      let count = write(terminal.master, old, old.count)
      if count <= 0 { break }
      taken += count
    }
    XCTAssertGreaterThan(taken, 4096)
    var world = try LinuxWorld(
      ports: [.serial(path: terminal.slavePath, settings: SerialSettings(baud: 9600))], signals: .none)
    XCTAssertEqual(world.nextInput(until: nil).opened, 0)
    terminal.send("new")
    XCTAssertEqual(world.nextInput(until: world.now() + patienceNanoseconds).text, "new")
    close(keeper)
  }
}
