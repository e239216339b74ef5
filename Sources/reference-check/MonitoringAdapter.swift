import EtalonUncertainty

extension CategoryAdapter {
  /// Control charts.
  static let monitoring = CategoryAdapter(category: "monitoring") { referenceCase in
    let observations = try referenceCase.doubles("x")
    let target = try referenceCase.double("target")
    if referenceCase.inputs["lambda_"] != nil {
      var chart = try ExponentialAverageChart(
        target: target, standardDeviation: referenceCase.double("sigma"), weight: referenceCase.double("lambda_"),
        width: referenceCase.double("L"), start: referenceCase.inputs["start"]?.double)
      var averages: [Double] = []
      var widths: [Double] = []
      var signals: [JSONValue] = []
      for (index, x) in observations.enumerated() {
        if try chart.take(x) { signals.append(.integer(index)) }
        averages.append(chart.average)
        widths.append(chart.halfWidth)
      }
      return Evaluation(["z": .numbers(averages), "half_width": .numbers(widths), "signals": .array(signals)])
    }
    var chart = try TabularCusum(
      target: target, reference: referenceCase.double("K"), decision: referenceCase.double("H"))
    var high: [Double] = []
    var low: [Double] = []
    var signal = false
    for x in observations {
      if try chart.take(x) { signal = true }
      high.append(chart.high)
      low.append(chart.low)
    }
    return Evaluation(["s_high": .numbers(high), "s_low": .numbers(low), "signal": .bool(signal)])
  }
}
