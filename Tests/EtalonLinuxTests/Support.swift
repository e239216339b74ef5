import CEtalonLinux
import EtalonCore
import EtalonLinux
import Foundation
import Glibc
import XCTest

/// A folder of its own for one test, removed at the end.
final class Scratch {
  let path: String

  init() {
    var template = Array((NSTemporaryDirectory() + "/etalon-linux-XXXXXX").utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)!) }
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path) is left behind: \(error)") }
  }
}

/// The bare master side of a pseudo-terminal, without any of the code under test but the functions that open it.
final class BareTerminal {
  let slavePath: String
  private(set) var master: Int32

  init() {
    master = etalon_pty_open()
    precondition(master >= 0, "no pseudo-terminal is left")
    var name = [CChar](repeating: 0, count: 64)
    precondition(etalon_pty_name(master, &name, name.count) == 0, "a pseudo-terminal has a name")
    slavePath = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit { hangUp() }

  func hangUp() {
    if master >= 0 { close(master) }
    master = -1
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    XCTAssertEqual(write(master, bytes, bytes.count), bytes.count)
  }

  /// What the other side sent and the kernel has ready.
  func take() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = read(master, &bytes, bytes.count)
    return count > 0 ? Array(bytes[..<count]) : []
  }
}

/// Opens a port and gives the fault; nil when there was none.
func openingFault(_ path: String, _ settings: SerialSettings = SerialSettings(baud: 9600)) -> PortFault? {
  do throws(PortFault) {
    _ = try TermiosPort(path: path, settings: settings)
    return nil
  } catch {
    return error
  }
}

/// How long a test waits for something that must happen; only a failing test waits that long.
let patienceNanoseconds: Int64 = 20_000_000_000
/// How long a test waits for something that must not happen.
let quietNanoseconds: Int64 = 60_000_000

extension TimedInput {
  var text: String? {
    if case .bytes(_, let frame, _) = input { return String(decoding: frame, as: UTF8.self) }
    return nil
  }

  var opened: PortIndex? {
    if case .opened(let port) = input { return port }
    return nil
  }

  var fault: PortFault? {
    if case .lost(_, let fault) = input { return fault }
    return nil
  }

  var stop: StopRequest? {
    if case .stop(let request) = input { return request }
    return nil
  }

  var isWake: Bool {
    if case .wake = input { return true }
    return false
  }
}

/// The bytes that come on any port of `world` until there are `count`, and the frames in which they came.
func collect(_ world: inout LinuxWorld, _ count: Int) -> (bytes: [UInt8], frames: Int) {
  let deadline = world.now() + patienceNanoseconds
  var bytes: [UInt8] = []
  var frames = 0
  while bytes.count < count {
    let next = world.nextInput(until: deadline)
    guard case .bytes(_, let frame, let first) = next.input else { break }
    XCTAssertLessThanOrEqual(first, next.instant)
    XCTAssertLessThanOrEqual(frame.count, Frame.capacity)
    bytes += frame
    frames += 1
  }
  return (bytes, frames)
}
