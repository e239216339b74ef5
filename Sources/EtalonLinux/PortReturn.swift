import EtalonCore
import Glibc

// A device that went away is found again by what it is, never by the name of its port alone: the name may by then be that
// of another device.
extension PortSlot {
  /// How a port is named and set, and how long its device is waited for.
  struct Reconnect {
    var address: PortAddress
    var settings: SerialSettings
    var nanoseconds: Int64
  }

  /// A device that went away.
  struct Away {
    /// Which device it was, as found when its port was opened.
    var identity: PortIdentity
    /// The name that its port had.
    var name: String
    /// Until when it is waited for.
    var until: Instant
    /// When it is looked for again without a notice; nil when only a notice can tell.
    var next: Instant?
    /// Why it is not back yet.
    var fault: PortFault
  }

  /// What a look for a device gave.
  enum Finding {
    case notYet
    case resumed(moved: Bool)
    case lost(PortFault)
  }

  /// How soon a device is tried again that is there and could not be opened: its permissions may still be on their way, or
  /// a program that looks at every new port (ModemManager does) may hold it.
  private static let retryNanoseconds: Int64 = 100_000_000

  /// Notes that the device went away and closes its port. False where it is not waited for.
  mutating func leave(at instant: Instant) -> Bool {
    guard let reconnect, reconnect.nanoseconds > 0 else { return false }
    let entry: PortEntry
    switch serial {
    case .some(let port): entry = port.entry
    case .none: return false
    }
    // A device without serial number and place could not be told from another one.
    guard entry.identity.isSameDevice(as: entry.identity) else { return false }
    drop()
    // It may be back already, with no notice to come.
    away = Away(
      identity: entry.identity, name: entry.name, until: instant + reconnect.nanoseconds, next: instant,
      fault: .vanished)
    return true
  }

  /// Looks for the device once.
  mutating func findAgain(at instant: Instant, ports: PortList) -> Finding {
    guard var sought = away, let reconnect else { return .notYet }
    sought.next = nil
    do throws(PortScanFault) {
      let all = try ports.entries()
      let named: [PortEntry]
      if case .path = reconnect.address {
        named = try ports.entries(at: reconnect.address)
      } else {
        named = all.filter { reconnect.address.names($0.identity) }
      }
      var same = all.filter { sought.identity.isSameDevice(as: $0.identity) }
      // Another device where this one was, or by the name that it had, is not this one.
      sought.fault = named.isEmpty ? .vanished : .otherDevice
      if !same.isEmpty, !same.contains(where: { named.contains($0) }) { sought.fault = .movedElsewhere }
      same.removeAll { !named.contains($0) }
      // Which of two would be the right one is not for a program to guess.
      guard same.count < 2 else { return .lost(.ambiguous) }
      if let entry = same.first {
        do throws(PortFault) {
          serial = try SerialPort(entry, settings: reconnect.settings, ports: ports)
          away = nil
          return .resumed(moved: entry.name != sought.name)
        } catch {
          // The old entry is still listed for a moment after the device has gone.
          sought.fault = error == .missing || error == .notATerminal || error == .otherDevice ? .vanished : error
          sought.next = instant + Self.retryNanoseconds
        }
      }
    } catch {
      sought.fault = .inputOutput
    }
    away = sought
    return instant >= sought.until ? .lost(sought.fault) : .notYet
  }
}

extension LinuxWorld {
  /// Milliseconds until a device is looked for without a notice, rounded up.
  func awayMilliseconds() -> Int32 {
    let now = LinuxClock.now()
    var soonest = Int64.max
    for index in 0..<portCount {
      guard let away = slots[index].away else { continue }
      soonest = min(soonest, away.until - now, away.next.map { $0 - now } ?? .max)
    }
    return Int32(clamping: max(0, soonest) / 1_000_000 + 1)
  }

  /// Looks for the devices that are away, where a notice or their time says so.
  mutating func findAgain(isNoticed: Bool, at instant: Instant) {
    for index in 0..<portCount {
      guard let away = slots[index].away,
        isNoticed || instant >= away.until || away.next.map({ instant >= $0 }) ?? false
      else { continue }
      switch slots[index].findAgain(at: instant, ports: PortList()) {
      case .notYet: break
      case .resumed(let moved):
        awayCount -= 1
        if watch(slots[index].descriptor, UInt32(index)) {
          inject(.resumed(PortIndex(index), moved: moved))
        } else {
          lose(index, .inputOutput)
        }
      case .lost(let fault):
        awayCount -= 1
        slots[index].drop()
        inject(.lost(PortIndex(index), fault))
      }
    }
  }
}
