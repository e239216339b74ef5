import EtalonCore

/// How the engine's decisions are laid out in a ledger. Replay compares these bytes, so every number is written by its
/// bit pattern.
extension Outbox {
  mutating func record(send frame: Frame, port: Int, confidential: Bool) {
    record(RecordKind.send.rawValue) {
      $0.append(UInt8(port))
      $0.append(confidential)
      // An access code is evidence for nobody: only the length of its frame is kept.
      if confidential { $0.append(UInt16(frame.count)) } else { $0.append(frame) }
    }
  }

  mutating func record(identity: DeviceIdentity, port: Int) {
    record(RecordKind.identity.rawValue) {
      $0.append(UInt8(port))
      $0.append(identity.text)
      $0.append(identity.serial)
    }
  }

  mutating func record(fault: ExchangeFault, port: Int) {
    record(RecordKind.exchangeFault.rawValue) {
      $0.append(UInt8(port))
      $0.append(text: fault.kind)
      $0.append(text: fault.explanation)
    }
  }

  mutating func record(remark: String) {
    record(RecordKind.remark.rawValue) { $0.append(text: remark) }
  }

  mutating func record(step name: String, number: Int) {
    record(RecordKind.step.rawValue) {
      $0.append(UInt16(number))
      $0.append(text: name)
    }
  }

  mutating func record(visit state: PointSeries.State, setpoint: Double, attempt: Int) {
    record(RecordKind.visit.rawValue) {
      $0.append(text: state.name)
      $0.append(setpoint)
      $0.append(UInt16(attempt))
    }
  }

  mutating func record(actuator state: ActuatorState) {
    record(RecordKind.actuator.rawValue) {
      $0.append(state.isOn)
      $0.append(state.watts)
      $0.append(state.deadManSeconds)
      $0.append(state.tripped)
    }
  }

  mutating func record(environment: Environment) {
    record(RecordKind.environment.rawValue) {
      $0.append(environment.celsius)
      $0.append(environment.relativeHumidityPercent)
      $0.append(environment.pascals)
    }
  }

  mutating func record(adjustment: Adjustment, fitted: [Double], worstResidual: Double) {
    record(RecordKind.adjustment.rawValue) {
      $0.append(adjustment.coefficients.c0)
      $0.append(adjustment.coefficients.c1)
      $0.append(adjustment.coefficients.c2)
      $0.append(adjustment.coefficients.c3)
      $0.append(adjustment.count)
      $0.append(adjustment.checksum)
      $0.append(UInt8(fitted.count))
      for coefficient in fitted { $0.append(coefficient) }
      $0.append(worstResidual)
    }
  }

  /// A window's means, before the budget.
  mutating func record(measurement point: PointResult) {
    record(RecordKind.measurement.rawValue) { $0.append(means: point) }
  }

  /// A point with its budget and decision.
  mutating func record(point: PointResult) {
    record(RecordKind.point.rawValue) {
      $0.append(means: point)
      $0.append(point.error)
      $0.append(point.standardUncertainty)
      $0.append(point.coverageFactor)
      $0.append(point.degreesOfFreedom)
      $0.append(point.expandedUncertainty)
      $0.append(point.limit)
      $0.append(text: point.decision.rawValue)
      $0.append(UInt8(point.monteCarloValidates.map { $0 ? 1 : 0 } ?? 2))
      $0.append(UInt8(point.budget.count))
      for row in point.budget {
        $0.append(text: row.name)
        $0.append(row.estimate)
        $0.append(row.standardUncertainty)
        $0.append(row.sensitivity)
        $0.append(row.contribution)
        $0.append(row.degreesOfFreedom)
      }
    }
  }

  /// A row of an on-line calibration.
  mutating func record(row: MonitorRow) {
    record(RecordKind.estimator.rawValue) {
      $0.append(row.instant)
      $0.append(UInt16(row.phase))
      $0.append(row.setpoint ?? .nan)
      $0.append(row.reference ?? .nan)
      $0.append(row.indication)
      $0.append(row.corrected)
      $0.append(row.uncertainty.standard)
      $0.append(row.uncertainty.normal)
      for index in 0..<4 { $0.append(row.uncertainty.halfWidths[index]) }
      $0.append(row.expandedUncertainty)
      $0.append(row.state.rawValue)
      $0.append(row.innovation ?? .nan)
      $0.append(row.sums?.high ?? .nan)
      $0.append(row.sums?.low ?? .nan)
      for index in 0..<4 { $0.append(row.coefficients[index]) }
      for index in 0..<4 { $0.append(row.coefficientUncertainties[index]) }
      $0.append(row.watts ?? .nan)
    }
  }

  /// What a `control` step found.
  mutating func record(control result: ControlResult) {
    record(RecordKind.held.rawValue) {
      $0.append(result.step.setpointCelsius)
      $0.append(result.reachedAfterSeconds ?? .nan)
      $0.append(result.overshootKelvin)
      $0.append(result.heldSeconds)
      $0.append(result.greatestErrorKelvin ?? .nan)
      $0.append(result.rmsErrorKelvin ?? .nan)
      $0.append(UInt32(result.decisions))
      $0.append(UInt32(result.deadlineMisses))
      $0.append(result.energyJoules)
      $0.append(text: result.verdict.rawValue)
    }
  }

  mutating func record(end results: SessionResults) {
    record(RecordKind.end.rawValue) {
      $0.append(text: results.verdict.rawValue)
      $0.append(UInt16(results.exitCode.rawValue))
      $0.append(results.safeStateConfirmed == true)
      $0.append(UInt64(results.samples))
      $0.append(UInt64(results.gaps))
      $0.append(UInt64(results.faultCount))
      $0.append(text: results.failure?.reason ?? "")
    }
  }
}

extension RecordEncoder {
  fileprivate mutating func append(means point: PointResult) {
    append(text: point.phase.rawValue)
    append(text: point.direction.rawValue)
    append(point.setpoint)
    append(point.referenceReading)
    append(point.referenceCorrection)
    append(point.indication)
    append(point.raw)
    append(UInt32(point.samples))
    append(UInt32(point.rejected))
    append(UInt32(point.missing))
    append(point.typeA)
    append(point.typeADegreesOfFreedom)
    append(point.blockCorrelation)
    append(point.opened)
    append(point.closed)
  }
}
