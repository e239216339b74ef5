import EtalonCore
import EtalonLinux
import Glibc
import XCTest

final class PseudoTerminalTests: XCTestCase {
  private func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// The link is there while the terminal is, a stale one is replaced, another file is left alone.
  func testLink() throws {
    let scratch = Scratch()
    let link = scratch.path + "/dut"
    XCTAssertEqual(symlink("/dev/pts/99999", link), 0)
    do {
      let terminal = try PseudoTerminal(link: link)
      XCTAssertNil(openingFault(link))
      XCTAssertTrue(terminal.slavePath.hasPrefix("/dev/pts/"))
    }
    XCTAssertFalse(exists(link))
    close(open(link, O_WRONLY | O_CREAT, 0o644))
    do throws(PortFault) {
      _ = try PseudoTerminal(link: link)
      XCTFail("a file was replaced")
    } catch {
      XCTAssertEqual(error, .busy)
    }
    XCTAssertTrue(exists(link))
    do throws(PortFault) {
      _ = try PseudoTerminal(link: scratch.path + "/absent/dut")
      XCTFail("there is no such folder")
    } catch {
      XCTAssertEqual(error, .missing)
    }
  }

  /// Clients come and go, also by hang-up, and the twin's side never sees a fault.
  func testClientsComeAndGo() throws {
    let scratch = Scratch()
    let link = scratch.path + "/ref"
    var twin = try LinuxWorld(ports: [.pseudoTerminal(link: link)], signals: .none)
    XCTAssertEqual(twin.nextInput(until: nil).opened, 0)
    for round in 0..<3 {
      var client = try LinuxWorld(
        ports: [.serial(path: link, settings: SerialSettings(baud: round == 0 ? 2400 : 9600, parity: .even))],
        signals: .none)
      XCTAssertEqual(client.nextInput(until: nil).opened, 0)
      XCTAssertEqual(twin.clientBaud(of: 0), round == 0 ? 2400 : 9600)
      client.perform(.send(0, Frame(ascii: "t?\r"), confidential: false))
      XCTAssertEqual(twin.nextInput(until: twin.now() + patienceNanoseconds).text, "t?\r")
      twin.perform(.send(0, Frame(ascii: "t: 25.000 C\r\n"), confidential: false))
      XCTAssertEqual(collect(&client, 13).bytes, Array("t: 25.000 C\r\n".utf8))
      XCTAssertTrue(
        twin.nextInput(until: twin.now() + quietNanoseconds).isWake, "neither an echo nor the end of the client")
    }
  }

  /// A twin that talks to nobody neither fails nor keeps its words for the next client.
  func testTalkingToNobody() throws {
    let scratch = Scratch()
    let link = scratch.path + "/ref"
    var twin = try LinuxWorld(ports: [.pseudoTerminal(link: link)], signals: .none)
    XCTAssertEqual(twin.nextInput(until: nil).opened, 0)
    let old = Frame([UInt8](repeating: 0x6F, count: 256))
    for _ in 0..<1000 { twin.perform(.send(0, old, confidential: false)) }
    XCTAssertTrue(twin.nextInput(until: twin.now() + quietNanoseconds).isWake)
    var client = try LinuxWorld(
      ports: [.serial(path: link, settings: SerialSettings(baud: 9600))], signals: .none)
    XCTAssertEqual(client.nextInput(until: nil).opened, 0)
    XCTAssertTrue(client.nextInput(until: client.now() + quietNanoseconds).isWake)
    twin.perform(.send(0, Frame(ascii: "new"), confidential: false))
    XCTAssertEqual(client.nextInput(until: client.now() + patienceNanoseconds).text, "new")
  }
}
