import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// The Allan family, from phase, from frequency, or from the NBS14 generator.
  static let timeFrequency = CategoryAdapter(category: "time-frequency") { referenceCase in
    let interval = try referenceCase.double("tau0")
    let frequency: [Double]?
    if let text = referenceCase.inputs["generator"]?.text {
      frequency = try generated(text, referenceCase)
    } else {
      frequency = referenceCase.inputs["frequency"]?.doubles
    }
    let record =
      try frequency.map { try PhaseRecord(fractionalFrequency: $0, intervalSeconds: interval) }
      ?? PhaseRecord(phaseSeconds: referenceCase.doubles("phase"), intervalSeconds: interval)
    let factors = try referenceCase.doubles("taus").map { try record.averagingFactor(tauSeconds: $0) }
    var results: [JSONValue.Member] = []
    func add(_ name: String, _ values: [Double]) {
      results.append(JSONValue.Member(name: name, value: .numbers(values)))
    }
    for statistic in StabilityStatistic.allCases where referenceCase.asks(for: statistic.rawValue) {
      add(statistic.rawValue, try factors.map { try record.deviation(statistic, averagingFactor: $0).value })
    }
    if referenceCase.asks(for: "mtotdev_no_bias") {
      add("mtotdev_no_bias", try factors.map { try record.deviation(.mtotdev, averagingFactor: $0).value })
    }
    // "theo1_tau_10_100_1000_no_bias": the averaging factors are in the name.
    for member in referenceCase.expected.members ?? [] where member.name.hasPrefix("theo1_tau_") {
      let numbers = member.name.split(separator: "_").compactMap { Int($0) }
      add(member.name, try numbers.map { try record.deviation(.theo1, averagingFactor: $0).value })
    }
    if let frequency, referenceCase.asks(for: "sample_sd_of_averages") {
      add(
        "sample_sd_of_averages",
        try factors.map { m in
          let means = stride(from: 0, to: frequency.count - m + 1, by: m).map { start in
            frequency[start..<start + m].reduce(0, +) / Double(m)
          }
          return try SampleStatistics(means).standardDeviation
        })
    }
    return Evaluation(results: .object(results))
  }

  /// "n0=1234567890; n_{i+1}=16807*n_i mod 2147483647; y_i=n_i/2147483647; 1000 points", checked against `check_n`.
  private static func generated(_ text: String, _ referenceCase: ReferenceCase) throws -> [Double] {
    let numbers = text.split { !$0.isNumber }.compactMap { UInt64($0) }
    // 0, n0, 1, multiplier, modulus, modulus, count: the indices in the names are numbers too.
    guard let start = numbers.first(where: { $0 > 1_000_000 }), let modulus = numbers.last(where: { $0 > 1_000_000 }),
      let multiplier = numbers.first(where: { $0 > 1000 && $0 < 1_000_000 }), let count = numbers.last, modulus > start
    else { throw EvaluationFault.malformed("inputs.generator", expected: "a multiplicative generator") }
    var n = start
    var values: [Double] = []
    for index in 0..<Int(count) {
      values.append(Double(n) / Double(modulus))
      n = n * multiplier % modulus
      if let published = referenceCase.inputs["check_n"]?.array, index < published.count,
        let expected = published[index].int, expected != Int(n)
      {
        throw EvaluationFault.malformed("inputs.check_n", expected: "\(n) after \(index + 1) steps")
      }
    }
    return values
  }
}
