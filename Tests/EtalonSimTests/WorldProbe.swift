import EtalonCore
import XCTest

@testable import EtalonSim

/// What came in during a stretch of a simulated run.
struct Heard: Equatable {
  var text = ""
  var firstNanoseconds: Int64?
  var lastNanoseconds: Int64?
  var errors: LineErrors = []
  var lost: PortFault?
  var opened = 0
}

/// Sends text to a port of a simulated world and gathers what that port says until `seconds` later.
func ask(
  _ world: inout SimulatedWorld, _ text: String, port: PortIndex = 1, within seconds: Double = 1
) -> Heard {
  if !text.isEmpty { world.perform(.send(port, Frame(Array(text.utf8)), confidential: false)) }
  let deadline = world.now() + Int64((seconds * 1e9).rounded())
  var heard = Heard()
  while true {
    let timed = world.nextInput(until: deadline)
    switch timed.input {
    case .wake: return heard
    case .bytes(port, let frame, let first):
      heard.text += String(decoding: frame, as: UTF8.self)
      heard.firstNanoseconds = heard.firstNanoseconds ?? first.nanoseconds
      heard.lastNanoseconds = timed.instant.nanoseconds
    case .lineErrors(port, let errors): heard.errors.formUnion(errors)
    case .lost(port, let fault): heard.lost = fault
    case .opened(port): heard.opened += 1
    default: break
    }
  }
}

/// Starts a world and lets its ports open.
func world(_ configuration: SimConfiguration = .ideal(), seed: UInt64 = 1, faults: [FaultEntry] = []) throws
  -> SimulatedWorld
{
  try SimulatedWorld(configuration, seed: seed, faults: FaultPlan(faults))
}
