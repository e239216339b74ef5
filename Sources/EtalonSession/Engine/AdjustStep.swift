import EtalonCore
import EtalonUncertainty

/// Fitting a correction to the as-found points and writing it to the device.
struct AdjustmentStep: Sendable {
  var isRequested = false
  var isDone = false
  /// Coefficients of the fitted error over the raw value, kelvin.
  var fitted: [Double] = []
  var worstResidual = 0.0
}

extension SessionEngine {
  mutating func advanceAdjustment(
    _ adjust: SessionPlan.SessionStep.Adjust, _ number: Int, at instant: Instant, _ outbox: inout Outbox
  ) -> Bool {
    guard var step = adjusting else { return false }
    if step.isDone {
      adjusting = nil
      sampling.resumeDevice(at: instant)
      beginStep(number + 1, at: instant, &outbox)
      return true
    }
    guard !step.isRequested else { return false }
    progress.activity = .adjusting
    let points = results.points.filter { $0.phase == .asFound }
    if let share = adjust.whenAboveShareOfLimit,
      !points.contains(where: { abs($0.error) + $0.expandedUncertainty > share * $0.limit })
    {
      let remark = "no adjustment: every |error| + U is within \(share) of its limit, so as found is as left"
      results.remarks.append(remark)
      outbox.record(remark: remark)
      finish(at: instant, &outbox)
      return true
    }
    guard let before = results.before else {
      fail(
        Failure(.internalError, "the device's coefficients were not read before the adjustment"), at: instant, &outbox)
      return true
    }
    do {
      let fit = try PolynomialFit.fit(
        x: points.map(\.raw), y: points.map(\.error),
        weights: points.map { 1 / ($0.standardUncertainty * $0.standardUncertainty) }, degree: adjust.degree)
      step.fitted = fit.coefficients
      step.worstResidual = fit.residuals.reduce(0) { max($0, abs($1)) }
    } catch {
      fail(
        Failure(.inconclusive, role: adjust.role, "the correction can not be fitted to the as-found points: \(error)"),
        at: instant, &outbox)
      return true
    }
    guard step.worstResidual <= adjust.maximumResidualKelvin else {
      fail(
        Failure(
          .inconclusive, role: adjust.role,
          "a point lies \(step.worstResidual) K from the fitted polynomial, \(adjust.maximumResidualKelvin) K are "
            + "allowed: nothing was written; a higher degree may fit, or the device is not stable"),
        at: instant, &outbox)
      return true
    }
    var old = [
      before.coefficients.c0, before.coefficients.c1, before.coefficients.c2, before.coefficients.c3,
    ]
    // The indication is Σ aₖ sᵏ in the raw value s, and the error was fitted in the same s: subtracting is exact.
    for (power, coefficient) in step.fitted.enumerated() { old[power] -= coefficient }
    step.isRequested = true
    adjusting = step
    sampling.pauseDevice()
    instruments[device].request(
      .writeAdjustment(Coefficients(old[0], old[1], old[2], old[3])), for: .writeAdjustment)
    return false
  }

  mutating func adjustmentReport(_ report: DeviceReport, at instant: Instant, _ outbox: inout Outbox) {
    guard case .adjustment(let adjustment) = report else {
      let role = instruments[device].roles.first ?? ""
      if case .fault(.checksum(let expected, let received)) = report {
        fail(
          Failure(
            .verificationFailed, role: role,
            "\(role): the set that it stored has the checksum \(String(received, radix: 16)), that of the set written is "
              + "\(String(expected, radix: 16)); the device keeps its former set as previous"),
          at: instant, &outbox)
      } else if case .fault(let fault) = report {
        fail(
          Failure(fault.exitCode, role: role, "\(role): the adjustment was not written: \(fault.explanation)"),
          at: instant, &outbox)
      }
      return
    }
    results.after = adjustment
    outbox.record(
      adjustment: adjustment, fitted: adjusting?.fitted ?? [], worstResidual: adjusting?.worstResidual ?? 0)
    adjusting?.isDone = true
    sampling.deviceWasAdjusted(at: instant)
  }
}
