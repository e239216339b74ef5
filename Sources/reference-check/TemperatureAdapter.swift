import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// Thermocouples, industrial and standard platinum thermometers.
  static let temperature = CategoryAdapter(category: "temperature") { referenceCase in
    let inputs = referenceCase.inputs
    if let letter = inputs["type"]?.text {
      guard let type = ThermocoupleType(letter: letter) else { throw EvaluationFault.unsupported("type \(letter)") }
      return inputs["emf_mV"] == nil
        ? try thermocouple(type, referenceCase) : try calibratedThermocouple(type, referenceCase)
    }
    if inputs["R0"] != nil { return try industrialPlatinum(referenceCase) }
    if inputs["points"] != nil { return try referenceFunction(referenceCase) }
    return try deviationFunctions(referenceCase)
  }

  private static func thermocouple(_ type: ThermocoupleType, _ referenceCase: ReferenceCase) throws -> Evaluation {
    let junction = try referenceCase.double("reference_junction_degC")
    let offset = try type.value(at: junction)
    let temperatures = try referenceCase.doubles("t_degC")
    let emf = try temperatures.map { try type.value(at: $0) - offset }
    var evaluation = Evaluation(["emf_mV": .numbers(emf)])
    let tolerance = referenceCase.tolerance
    // The case's `computed` tables, its `inverse_degC`, and that its `valid_range_degC` is not left.
    for row in referenceCase.computed?["dense"]?.array ?? [] {
      guard let t = row["t"]?.double, let published = row["emf_mV"]?.double, let limit = tolerance?["dense_mV"]?.double
      else { continue }
      evaluation.checks.append(
        .compare(try type.value(at: t), with: published, by: .absolute(limit), at: ["dense", "\(t)"]))
    }
    for row in referenceCase.computed?["seebeck_mV_per_K"]?.array ?? [] {
      guard let t = row["t"]?.double, let published = row["S"]?.double else { continue }
      // Printed to nine decimals.
      evaluation.checks.append(
        .compare(try type.derivative(at: t), with: published, by: .absolute(1e-9), at: ["seebeck", "\(t)"]))
    }
    if let limit = tolerance?["inverse_degC"]?.double {
      for (t, e) in zip(temperatures, emf) where t >= type.inverseRange.lowerBound {
        let back = try type.celsius(millivolts: e, referenceJunctionCelsius: junction)
        evaluation.checks.append(.compare(back, with: t, by: .absolute(limit), at: ["inverse", "\(t)"]))
      }
    }
    for (index, bound) in (referenceCase.inputs["valid_range_degC"]?.doubles ?? []).enumerated() {
      evaluation.checks.append(
        .compare(
          refuses { try type.value(at: bound + (index == 0 ? -1 : 1)) }, with: 1, by: .equal,
          at: ["refused", "\(bound)"]))
    }
    return evaluation
  }

  /// 1 when the engine refuses, else 0.
  private static func refuses(_ body: () throws -> Double) -> Double {
    do {
      _ = try body()
      return 0
    } catch {
      return 1
    }
  }

  private static func calibratedThermocouple(
    _ type: ThermocoupleType, _ referenceCase: ReferenceCase
  ) throws -> Evaluation {
    let names = ["b", "c", "d", "e"].filter { referenceCase.inputs[$0] != nil }
    let coefficients = try [referenceCase.inputs["a"]?.double ?? 0] + names.map { try referenceCase.double($0) }
    // The certificate states no range; the sensor is used on that of its type.
    let deviation = try PolynomialFunction(coefficients, range: type.inverseRange)
    let sensor = try CalibratedThermocouple(type: type, deviation: deviation)
    let offset = try type.value(at: referenceCase.inputs["reference_junction_degC"]?.double ?? 0)
    let temperatures = try referenceCase.doubles("emf_mV").map { try sensor.celsius(millivolts: $0 + offset) }
    return Evaluation(["t90": .numbers(temperatures), "t_degC": .numbers(temperatures)])
  }

  private static func industrialPlatinum(_ referenceCase: ReferenceCase) throws -> Evaluation {
    let sensor = try CallendarVanDusen(
      resistanceAtZeroOhm: referenceCase.double("R0"), a: referenceCase.double("A"), b: referenceCase.double("B"),
      c: referenceCase.double("C"))
    if let resistances = referenceCase.inputs["R_ohm"]?.doubles {
      return Evaluation(["t_degC": .numbers(try resistances.map { try sensor.celsius(resistanceOhm: $0) })])
    }
    let temperatures = try referenceCase.doubles("t_degC")
    let resistances = try temperatures.map { try sensor.value(at: $0) }
    var evaluation = Evaluation(["R_ohm": .numbers(resistances)])
    for row in referenceCase.computed?["dense"]?.array ?? [] {
      guard let t = row["t"]?.double, let published = row["R"]?.double else { continue }
      evaluation.checks.append(
        .compare(try sensor.value(at: t), with: published, by: .absolute(1e-6), at: ["dense", "\(t)"]))
    }
    for (t, r) in zip(temperatures, resistances) {
      evaluation.checks.append(
        .compare(try sensor.celsius(resistanceOhm: r), with: t, by: .absolute(1e-4), at: ["inverse", "\(t)"]))
    }
    for t in [-200.1, 850.1] {
      evaluation.checks.append(
        .compare(refuses { try sensor.value(at: t) }, with: 1, by: .equal, at: ["refused", "\(t)"]))
    }
    return evaluation
  }

  private static func referenceFunction(_ referenceCase: ReferenceCase) throws -> Evaluation {
    guard let points = try referenceCase.input("points").array else { throw EvaluationFault.missing("inputs.points") }
    let reference = ITS90Reference()
    let published = referenceCase.expected["Wr"]?.array ?? []
    let given = points.compactMap { $0["Wr"]?.double }
    if given.count == points.count {
      return Evaluation(["t90_degC": .numbers(try given.map { try reference.kelvin(ratio: $0) - 273.15 })])
    }
    var ratios: [Double] = []
    var checks: [Agreement] = []
    for (index, point) in points.enumerated() {
      guard let celsius = point["t90_degC"]?.double else { throw EvaluationFault.missing("t90_degC") }
      ratios.append(try reference.value(at: celsius + 273.15))
      if let limit = referenceCase.tolerance?["inverse_degC"]?.double, let ratio = published[index].double {
        let back = try reference.kelvin(ratio: ratio) - 273.15
        checks.append(.compare(back, with: celsius, by: .absolute(limit), at: ["inverse", "\(celsius)"]))
      }
    }
    var evaluation = Evaluation(["Wr": .numbers(ratios)])
    evaluation.checks = checks
    return evaluation
  }

  /// Subranges by number, with `t90` given (deviation wanted, at W_r as in the NIST tables) or resistances given
  /// (temperature wanted); results are `dW` and `t90_` followed by the number.
  private static func deviationFunctions(_ referenceCase: ReferenceCase) throws -> Evaluation {
    var results: [JSONValue.Member] = []
    for member in referenceCase.inputs.members ?? [] where member.name.hasPrefix("subrange") {
      let digits = member.name.dropFirst("subrange".count).prefix { $0.isNumber }
      guard let number = Int(digits), let subrange = ITS90Subrange(rawValue: number) else {
        throw EvaluationFault.unsupported(member.name)
      }
      let names =
        subrange.coefficientCount > 4 || number == 3 ? ["a", "b", "c1", "c2", "c3", "c4", "c5"] : ["a", "b", "c", "d"]
      let coefficients = names.prefix(subrange.coefficientCount).map { member.value[$0]?.double ?? 0 }
      let sensor = try PlatinumThermometer(
        subrange: subrange, coefficients: coefficients, triplePointOhm: member.value["R_tpw"]?.double ?? 1)
      if let temperatures = member.value["t90"]?.doubles {
        let deviations = try temperatures.map {
          try sensor.deviation(atRatio: ITS90Reference().value(at: $0 + 273.15)).value
        }
        results.append(JSONValue.Member(name: "dW\(number)", value: .numbers(deviations)))
      }
      if let resistances = member.value["R_ohm"]?.doubles {
        let temperatures = try resistances.map { try sensor.kelvin(resistanceOhm: $0) - 273.15 }
        results.append(JSONValue.Member(name: "t90_\(number)", value: .numbers(temperatures)))
      }
    }
    return Evaluation(results: .object(results))
  }
}
