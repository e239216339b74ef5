import ArgumentParser
import EtalonLedger
import EtalonSession
import EtalonTesting

/// Ends the program with a message on standard error and one of the exit codes of the contract.
enum Fail {
  static func with(_ code: EtalonSession.ExitCode, _ message: String) -> any Error {
    Text.toStandardError(message.hasPrefix("error:") ? message + "\n" : "error: \(message)\n")
    return ArgumentParser.ExitCode(code.rawValue)
  }

  static func with(_ fault: FileFault) -> any Error {
    Text.toStandardError("\(fault)\n")
    return ArgumentParser.ExitCode(fault.exitStatus)
  }

  static func with(_ fault: LedgerFault) -> any Error { with(fault.exitCode, fault.explanation) }

  static func with(_ failure: Failure) -> any Error { with(failure.exitCode, failure.reason) }

  /// Runs `body` and turns the faults of files, ledgers and benches into messages and exit codes.
  static func reporting<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let fault as FileFault {
      throw with(fault)
    } catch let fault as LedgerFault {
      throw with(fault)
    } catch let failure as Failure {
      throw with(failure)
    } catch let fault as Replay.Fault {
      throw with(fault.exitCode, fault.explanation)
    } catch let fault as SimulatedBenchFault {
      throw with(.badBench, fault.description)
    }
  }
}
