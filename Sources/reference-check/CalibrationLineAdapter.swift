import EtalonUncertainty

extension CategoryAdapter {
  /// Straight lines with exact abscissae (GUM H.3, ISO/TS 28037 clauses 6 and 9 and annex E, Natrella, range calibration).
  static let calibrationLine = CategoryAdapter(category: "calibration-line") { referenceCase in
    if referenceCase.inputs["calibration_equation"] != nil { return try rangeCalibration(referenceCase) }
    if referenceCase.inputs["model"]?.text?.replacing(" ", with: "") == "y=beta*x" {
      return try lineThroughOrigin(referenceCase)
    }
    if referenceCase.inputs["t0"] != nil { return try correctionLine(referenceCase) }
    let x = try referenceCase.doubles("x")
    let y = try referenceCase.doubles("y")
    let line: LineFit
    if referenceCase.inputs["U_y"] != nil {
      line = try .gaussMarkov(x: x, y: y, covariance: Matrix(rows: referenceCase.matrix("U_y"), named: "U_y"))
    } else if referenceCase.inputs["u_y"] != nil {
      line = try .weighted(x: x, y: y, standardUncertainties: referenceCase.doubles("u_y"))
    } else {
      line = try .ordinary(x: x, y: y)
    }
    return try lineResults(line, referenceCase)
  }

  /// Straight lines with uncertain abscissae (ISO/TS 28037 clauses 7, 8 and 10; York; Mathioulakis).
  ///
  /// The reported uncertainties are those of ISO/TS 28037, from the Gauss-Newton normal matrix. Where a case names Kalantar
  /// or CCC, which propagate the uncertainties of the data through the estimate, the propagated ones are given.
  static let calibrationLineUncertainAbscissae = CategoryAdapter(
    category: "calibration-line-eiv",
    rule: { referenceCase, path in
      guard let name = path.last, let published = published(path, referenceCase) else { return nil }
      // A source that stopped its iteration early (CCC) stands beside the exact figures, which are as good.
      if path.count > 1, let exact = referenceCase.expected[name]?.double,
        let limit = referenceCase.tolerance?[name]?.double
      {
        return .oneOf([published, exact], absolute: limit)
      }
      // The uncertainties are those of ISO/TS 28037 or the propagated ones; a case that gives both allows either.
      if name.hasPrefix("u_"), let computed = referenceCase.computed?[name]?.double,
        let limit = referenceCase.tolerance?[name]?.double
      {
        return .oneOf([published, computed], absolute: limit)
      }
      return nil
    }
  ) { referenceCase in
    let x = try referenceCase.doubles("x")
    let y = try referenceCase.doubles("y")
    let line: LineFit
    if referenceCase.inputs["U_x"] != nil {
      line = try .generalisedGaussMarkov(
        x: x, y: y, xCovariance: Matrix(rows: referenceCase.matrix("U_x"), named: "U_x"),
        yCovariance: Matrix(rows: referenceCase.matrix("U_y"), named: "U_y"),
        xyCovariance: referenceCase.inputs["U_xy"]?.matrix.map { rows in try Matrix(rows: rows, named: "U_xy") })
    } else {
      let ux = try uncertainties("x", referenceCase)
      let uy = try uncertainties("y", referenceCase)
      var correlations = referenceCase.inputs["r_xy"]?.doubles
      if let covariances = (referenceCase.inputs["u_xy"] ?? referenceCase.inputs["cov_xy"])?.doubles,
        covariances.count == ux.count, uy.count == ux.count
      {
        correlations = covariances.indices.map { covariances[$0] / (ux[$0] * uy[$0]) }
      }
      line = try .generalisedDistance(
        x: x, y: y, xStandardUncertainties: ux, yStandardUncertainties: uy, correlations: correlations)
    }
    return try lineResults(line, referenceCase)
  }

  /// The number that `expected` holds at a path of names.
  private static func published(_ path: [String], _ referenceCase: ReferenceCase) -> Double? {
    var value: JSONValue? = referenceCase.expected
    for name in path { value = value?[name] }
    return value?.double
  }

  private static func uncertainties(_ axis: String, _ referenceCase: ReferenceCase) throws -> [Double] {
    if let weights = referenceCase.inputs["w_" + axis]?.doubles { return weights.map { 1 / $0.squareRoot() } }
    return try referenceCase.doubles("u_" + axis)
  }

  private static func lineResults(_ line: LineFit, _ referenceCase: ReferenceCase) throws -> Evaluation {
    let propagated = line.propagatedCovariance ?? line.covariance
    var results: [JSONValue.Member] = []
    func add(_ name: String, _ value: JSONValue) { results.append(JSONValue.Member(name: name, value: value)) }
    add("a", .number(line.intercept))
    add("b", .number(line.slope))
    add("intercept", .number(line.intercept))
    add("slope", .number(line.slope))
    for suffix in ["", "_dof\(line.degreesOfFreedom)"] {
      add("u_a" + suffix, .number(line.interceptStandardUncertainty))
      add("u_b" + suffix, .number(line.slopeStandardUncertainty))
    }
    add("var_intercept", .number(line.covariance[0, 0]))
    add("var_slope", .number(line.covariance[1, 1]))
    let namesKalantar = (referenceCase.expected.members ?? []).contains { $0.name.hasSuffix("_kalantar") }
    add("cov_ab", .number(namesKalantar ? propagated[0, 1] : line.interceptSlopeCovariance))
    add("u_a_kalantar", .number(propagated[0, 0].squareRoot()))
    add("u_b_kalantar", .number(propagated[1, 1].squareRoot()))
    add(
      "ccc",
      .dictionary([
        "a": .number(line.intercept), "b": .number(line.slope), "u_a": .number(propagated[0, 0].squareRoot()),
        "u_b": .number(propagated[1, 1].squareRoot()),
      ]))
    add("dof", .integer(line.degreesOfFreedom))
    add("chi2_obs", .number(line.residualSumOfSquares))
    add("chi2_sum_of_squares", .number(line.residualSumOfSquares))
    if let deviation = line.residualStandardDeviation {
      add("reduced_chi2", .number(deviation * deviation))
      add("s_yx", .number(deviation))
      add("chi2_95", .number(try line.consistency(probability: 0.95).limit))
    }
    if let inverse = referenceCase.inputs["inverse"] {
      guard let y0 = inverse["y0"]?.double, let u = inverse["u_y0"]?.double else {
        throw EvaluationFault.malformed("inputs.inverse", expected: "y0 and u_y0")
      }
      let estimate = try line.inverse(of: y0, standardUncertainty: u)
      add("x_inverse", .number(estimate.value))
      add("u_x_inverse", .number(estimate.standardUncertainty))
    }
    if let forward = referenceCase.inputs["forward"]?.array {
      let estimates = try forward.map { point in
        guard let x = point["x"]?.double ?? point.double else {
          throw EvaluationFault.malformed("inputs.forward", expected: "abscissae")
        }
        return try line.value(at: x, standardUncertainty: point["u_x"]?.double ?? 0)
      }
      add(
        "forward",
        .array(estimates.map { .dictionary(["y": .number($0.value), "u": .number($0.standardUncertainty)]) }))
      add("forward_value", .numbers(estimates.map(\.value)))
    }
    if let x = referenceCase.inputs["confidence_at"] {
      guard let at = x.double else { throw EvaluationFault.malformed("inputs.confidence_at", expected: "a number") }
      let u = try line.value(at: at).standardUncertainty
      add("var_confidence_" + (x.decimalText ?? ""), .number(u * u))
    }
    if let x = referenceCase.inputs["prediction_at"] {
      guard let at = x.double else { throw EvaluationFault.malformed("inputs.prediction_at", expected: "a number") }
      let s = try line.predictionStandardDeviation(at: at)
      add("var_prediction_" + (x.decimalText ?? ""), .number(s * s))
    }
    return Evaluation(results: .object(results))
  }

  /// GUM H.3: the correction as a line in t − t0.
  private static func correctionLine(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let t0 = try referenceCase.double("t0")
    let line = try LineFit.ordinary(
      x: referenceCase.doubles("t_degC").map { $0 - t0 }, y: referenceCase.doubles("b_degC"))
    let at = try referenceCase.double("predict_at")
    let prediction = try line.value(at: at - t0)
    guard let deviation = line.residualStandardDeviation, let correlation = line.interceptSlopeCorrelation else {
      throw EvaluationFault.engine("the residuals give no uncertainty")
    }
    let name = try referenceCase.input("predict_at").decimalText ?? ""
    let results: JSONValue = .dictionary([
      "y1": .number(line.intercept), "u_y1": .number(line.interceptStandardUncertainty),
      "y2": .number(line.slope), "u_y2": .number(line.slopeStandardUncertainty), "r_y1y2": .number(correlation),
      "s": .number(deviation), "b" + name: .number(prediction.value),
      "u_b" + name: .number(prediction.standardUncertainty), "dof": .integer(line.degreesOfFreedom),
    ])
    return Evaluation(results: results)
  }

  /// JCGM GUM-5 example 9: y = β x by equal weights and by the variances of the means.
  private static func lineThroughOrigin(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let x = try referenceCase.doubles("x")
    let y = try referenceCase.doubles("y_mean")
    let deviations = try referenceCase.doubles("s")
    let counts = try referenceCase.doubles("n")
    guard deviations.count == counts.count else {
      throw EvaluationFault.malformed("inputs.n", expected: "as long as s")
    }
    let ordinary = try LinearFit.fit(columns: [x], y: y, constant: false)
    let weighted = try LinearFit.fit(
      columns: [x], y: y, constant: false,
      weighting: .standardUncertainties(zip(deviations, counts).map { $0 / $1.squareRoot() }))
    return Evaluation([
      "beta_ols": .number(ordinary.parameters[0]), "beta_wls": .number(weighted.parameters[0]),
      "u_beta_ols": .number(ordinary.standardUncertainties[0]),
      "u_beta_wls": .number(weighted.standardUncertainties[0]),
    ])
  }

  /// Kessel, Kacker and Sommer (Measurement 45 (2012) 1661): the line through the end points of the range, and the expanded
  /// uncertainty (k = 2) of readings p = a + b (x + δ_res) + δ_lin with rectangular δ.
  private static func rangeCalibration(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let pressures = try referenceCase.doubles("y_ref")
    let indications = try referenceCase.doubles("x_ind")
    guard let firstX = indications.first, let lastX = indications.last, let firstY = pressures.first,
      let lastY = pressures.last
    else { throw EvaluationFault.malformed("inputs.x_ind", expected: "readings") }
    let resolution = try referenceCase.double("resolution_halfwidth") / 3.0.squareRoot()
    let linearity = try referenceCase.double("linearity_halfwidth") / 3.0.squareRoot()
    let relative = try referenceCase.double("u_rel_ref")
    let twoPoint = try LineFit.generalisedDistance(
      x: [firstX, lastX], y: [firstY, lastY], xStandardUncertainties: [resolution, resolution],
      yStandardUncertainties: [firstY, lastY].map { $0.magnitude * relative })
    let equation = try referenceCase.input("calibration_equation")
    guard let a = equation["a"]?.double, let ua = equation["u_a"]?.double, let b = equation["b"]?.double,
      let ub = equation["u_b"]?.double, let r = equation["r_ab"]?.double
    else { throw EvaluationFault.malformed("inputs.calibration_equation", expected: "a, u_a, b, u_b, r_ab") }
    let line = try LineFit(
      intercept: a, interceptStandardUncertainty: ua, slope: b, slopeStandardUncertainty: ub, correlation: r)
    let expanded = try indications.map { x in
      let reading = try line.value(at: x, standardUncertainty: resolution).standardUncertainty
      return 2 * (reading * reading + linearity * linearity).squareRoot()
    }
    return Evaluation([
      "two_point": .dictionary([
        "a": .number(twoPoint.intercept), "b": .number(twoPoint.slope),
        "u_b": .number(twoPoint.slopeStandardUncertainty), "u_a": .number(twoPoint.interceptStandardUncertainty),
        "r_ab": .number(twoPoint.interceptSlopeCorrelation ?? 0),
      ]),
      "U_k2": .numbers(expanded),
    ])
  }
}
