import EtalonCore
import EtalonMetrology
import EtalonUncertainty

/// From the means of a window to an error with its uncertainty: the session's measurement function, its declared inputs,
/// and the first-order budget of the GUM, checked by Monte Carlo where the session asks for it.
///
/// Conventions, stated once:
/// - The readings of device and reference are one simultaneous observation: their type A uncertainty is that of the
///   block means of the difference, and stands in the budget as the device's reading (GUM 4.2.3, 5.2.3).
/// - An input that the function does not name is an effect with estimate 0: on the device's reading when its name begins
///   with the device's role, on the reference's otherwise (its drift, the gradient of the bath).
struct PointEvaluation {
  let plan: SessionPlan
  let deviceRole: String
  let referenceRole: String
  let certificate: ReferenceCertificate
  /// Half the greatest difference between ascending and descending visits of one set point, kelvin.
  let hysteresisHalfWidth: Double

  /// Completes a point from its means.
  /// - Parameter seed: of the Monte Carlo check, so that a replay draws the same numbers.
  func evaluate(_ point: inout PointResult, seed: UInt64) throws(Failure) {
    var inputs: [InputQuantity] = []
    var onDevice: [String] = []
    var onReference: [String] = []
    func effect(_ name: String, _ distribution: ProbabilityDistribution) {
      inputs.append(InputQuantity(name: name, estimate: 0, distribution: distribution))
      if name.hasPrefix(deviceRole + ".") { onDevice.append(name) } else { onReference.append(name) }
    }
    var correction: Double?
    for input in plan.model.inputs {
      switch input.source {
      case .typeA: break
      case .certificate:
        let value: Double
        let uncertainty: Double
        do throws(ReferenceCertificate.Fault) {
          value = try certificate.correction(at: point.referenceReading)
          uncertainty = try certificate.standardUncertainty(at: point.referenceReading)
        } catch {
          throw Failure(
            .badData, role: referenceRole,
            "the reference reads \(point.referenceReading) °C, outside the range of its certificate "
              + "(\(certificate.lowerBound) °C to \(certificate.upperBound) °C)")
        }
        correction = value
        inputs.append(
          InputQuantity(
            name: input.name, estimate: value,
            distribution: .stated(uncertainty, degreesOfFreedom: certificate.degreesOfFreedom),
            degreesOfFreedom: certificate.degreesOfFreedom))
      case .resolutionOfRole:
        guard let resolution = plan.roles.first(where: { $0.kind == .device })?.resolutionKelvin else {
          throw Failure(
            .badData, role: deviceRole, "'\(input.name)' comes from the role's resolution, which is not given")
        }
        effect(input.name, .rectangular(halfWidth: resolution / 2))
      case .upDownDifference:
        effect(input.name, hysteresisHalfWidth > 0 ? .rectangular(halfWidth: hysteresisHalfWidth) : .exact)
      case .rectangular(let halfWidth): effect(input.name, .rectangular(halfWidth: halfWidth))
      case .triangular(let halfWidth): effect(input.name, .triangular(halfWidth: halfWidth))
      case .normal(let uncertainty): effect(input.name, .normal(uncertainty))
      }
    }
    inputs.append(
      InputQuantity(
        name: deviceRole, estimate: point.indication, distribution: typeA(point),
        degreesOfFreedom: point.typeA > 0 ? point.typeADegreesOfFreedom : .infinity))
    inputs.append(InputQuantity(name: referenceRole, estimate: point.referenceReading, distribution: .exact))
    let text = Self.expand(
      plan.model.error, [deviceRole: [deviceRole] + onDevice, referenceRole: [referenceRole] + onReference])
    do throws(UncertaintyFault) {
      let model = try MeasurementModel(text, inputs: inputs)
      let budget = try model.budget(coverage: plan.model.coverageProbability)
      point.referenceCorrection = correction ?? 0
      point.error = budget.estimate
      point.standardUncertainty = budget.standardUncertainty
      point.coverageFactor = budget.coverageFactor
      point.degreesOfFreedom = budget.degreesOfFreedom
      point.expandedUncertainty = budget.expandedUncertainty
      if plan.model.checkByMonteCarlo {
        // 20 000 trials know the ends of the interval to a fiftieth of u, which mostly decides the one digit that is
        // compared; where it does not, there is no verdict.
        let trials = try model.monteCarlo(
          coverage: plan.model.coverageProbability, seed: seed, trials: .fixed(20_000))
        switch trials.validity(of: budget, significantDigits: 1).verdict {
        case .valid: point.monteCarloValidates = true
        case .notValid: point.monteCarloValidates = false
        case .undecided: point.monteCarloValidates = nil
        }
      }
      point.budget = budget.rows.map {
        PointResult.BudgetRow(
          name: $0.name == deviceRole ? "readings (type A)" : $0.name, estimate: $0.estimate,
          standardUncertainty: $0.standardUncertainty, sensitivity: $0.sensitivity, contribution: $0.contribution,
          degreesOfFreedom: $0.degreesOfFreedom)
      }
    } catch {
      throw Failure(.badData, "the measurement model can not be evaluated at \(point.setpoint) °C: \(error)")
    }
    decide(&point)
  }

  /// The distribution of the mean of the block means: a scaled t (JCGM 101:2008, 6.4.9), which has a variance from three
  /// degrees of freedom on.
  private func typeA(_ point: PointResult) -> ProbabilityDistribution {
    guard point.typeA > 0 else { return .exact }
    return .stated(point.typeA, degreesOfFreedom: point.typeADegreesOfFreedom)
  }

  /// Guarded decision after JCGM 106:2012, 8.3: inside the limits by the guard band is a pass, outside by it a fail.
  private func decide(_ point: inout PointResult) {
    let acceptance = plan.acceptance
    let guardBand = acceptance.rule == .guarded ? acceptance.guardBandFactor * point.expandedUncertainty : 0
    let lower = acceptance.errorLimits.lowerBound
    let upper = acceptance.errorLimits.upperBound
    point.limit = point.error < 0 ? -lower : upper
    if point.error >= lower + guardBand, point.error <= upper - guardBand {
      point.decision = .pass
    } else if point.error < lower - guardBand || point.error > upper + guardBand {
      point.decision = .fail
    } else {
      point.decision = acceptance.otherwise
    }
  }

  /// Replaces each name of `sums` that stands alone in `text` by the sum of its parts.
  static func expand(_ text: String, _ sums: [String: [String]]) -> String {
    var result = ""
    var word = ""
    func isWord(_ character: Character) -> Bool {
      character.isLetter || character.isNumber || character == "_" || character == "."
    }
    for character in text + " " {
      if isWord(character) {
        word.append(character)
        continue
      }
      if let parts = sums[word], parts.count > 1 {
        result += "(" + parts.joined(separator: " + ") + ")"
      } else {
        result += word
      }
      word = ""
      result.append(character)
    }
    return String(result.dropLast())
  }
}

extension SessionEngine {
  /// Evaluates the points of a series that a stop or a failure has cut short, as far as their budgets are complete: the
  /// hysteresis of a device is known only after the visits of both directions. The phase gets no verdict.
  mutating func evaluateWhatIsThere(at instant: Instant, _ outbox: inout Outbox) {
    guard var series else { return }
    series.state = .complete
    self.series = series
    let needsBothDirections = plan.model.inputs.contains { $0.source == .upDownDifference }
    let isKnown = !needsBothDirections || series.plan.order.count == 1 || series.measured.count == series.visits.count
    guard !series.measured.isEmpty else { return }
    guard isKnown else {
      let remark =
        "\(series.measured.count) finished measurements have no result, because their hysteresis needs both directions; "
        + "their means are in the record"
      results.remarks.append(remark)
      outbox.record(remark: remark)
      return
    }
    // The truth of the window that closed last may still come; it belongs to the last point now.
    if !series.truthIsForNobody { self.series = nil }
    _ = evaluate(series, isCutShort: true, at: instant, &outbox)
  }

  /// Evaluates a finished series; false when the run failed on it.
  mutating func evaluate(
    _ series: PointSeries, isCutShort: Bool = false, at instant: Instant, _ outbox: inout Outbox
  ) -> Bool {
    let evaluation = PointEvaluation(
      plan: plan, deviceRole: plan.roles.first { $0.kind == .device }?.name ?? "",
      referenceRole: plan.roles.first { $0.kind == .standard }?.name ?? "", certificate: certificate,
      hysteresisHalfWidth: hysteresisHalfWidth(series.measured))
    var worst = Verdict.conforming
    for var point in series.measured {
      do throws(Failure) { try evaluation.evaluate(&point, seed: UInt64(results.points.count) + 1) } catch {
        fail(error, at: instant, &outbox)
        return false
      }
      results.points.append(point)
      outbox.record(point: point)
      switch point.decision {
      case .pass: break
      case .fail: worst = .nonconforming
      case .inconclusive: if worst == .conforming { worst = .inconclusive }
      }
    }
    if isCutShort { return true }
    if series.phase == .asFound { results.asFound = worst } else { results.asLeft = worst }
    return true
  }

  /// Half the greatest up-down difference of the error at one set point, over this series and the as-found one.
  private func hysteresisHalfWidth(_ measured: [PointResult]) -> Double {
    let visits = results.points.filter { $0.phase == .asFound } + measured
    var greatest = 0.0
    for up in visits where up.direction == .up {
      for down in visits
      where down.direction == .down && down.setpoint == up.setpoint && down.phase == up.phase {
        let difference =
          (up.indication - up.referenceReading) - (down.indication - down.referenceReading)
        greatest = max(greatest, abs(difference) / 2)
      }
    }
    return greatest
  }
}
