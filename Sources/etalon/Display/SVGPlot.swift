import EtalonMetrology

/// A plot as SVG text: the same data give the same bytes, nothing is fetched, and every mark has a place in user units.
///
/// Layers are drawn in order. Axes take round ticks (1, 2, 5 times a power of ten) or, logarithmic, powers of ten.
struct SVGPlot {
  enum Scale { case linear, logarithmic }

  enum Layer {
    /// A curve through its points.
    case line([(x: Double, y: Double)], colour: String, dashed: Bool = false)
    /// Marks with bars of half-length u; nil for none.
    case points([(x: Double, y: Double)], xBars: [Double]? = nil, yBars: [Double]? = nil, colour: String)
    /// A shaded region between two curves over the same abscissae.
    case band([(x: Double, low: Double, high: Double)], colour: String)
    /// Bars from zero, each over an interval of x: a histogram.
    case bars([(from: Double, to: Double, height: Double)], colour: String)
    /// A vertical line with a label.
    case marker(x: Double, label: String, colour: String)
  }

  /// A name for what is drawn in a colour.
  struct Key {
    var label: String
    var colour: String
    var dashed = false
  }

  var title: String
  var xLabel: String
  var yLabel: String
  var xScale = Scale.linear
  var yScale = Scale.linear
  var layers: [Layer] = []
  /// What the colours mean, above the plot on the right; nothing where it is empty.
  var legend: [Key] = []
  var width = 720.0
  var height = 440.0
  /// Name of the clipped region; several plots on one page need different ones.
  var region = "area"

  init(title: String, xLabel: String, yLabel: String) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
  }

  /// The picture; nil where no finite point can be drawn.
  func svg() -> String? {
    guard let x = Axis(values: xValues, scale: xScale), let y = Axis(values: yValues, scale: yScale) else { return nil }
    // A sans-serif digit or capital of this size is some 8 units wide; beside the labels stands the name of the axis.
    let letters = y.ticks.map(\.label.count).max() ?? 0
    let left = max(78, 34 + 8 * Double(letters))
    let right = width - 18
    let rows = legendRows(from: left, to: right)
    let top = 34.0 + (rows.count > 1 ? 16 * Double(rows.count) : 0)
    let bottom = height - 52
    func px(_ value: Double) -> Double { left + x.fraction(value) * (right - left) }
    func py(_ value: Double) -> Double { bottom - y.fraction(value) * (bottom - top) }
    var out = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" "
        + "font-family=\"sans-serif\" font-size=\"12\" role=\"img\">",
      "<title>\(Self.escaped(title))</title>",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      Self.text(left, 20, title, anchor: "start", extra: " font-size=\"14\" font-weight=\"bold\""),
    ]
    for (index, row) in rows.enumerated() {
      // Beside the title where there is room, else below it.
      let line = rows.count > 1 ? 38 + 16 * Double(index) : 20
      var end = right
      for key in row.reversed() {
        out.append(Self.text(end, line, key.label, anchor: "end"))
        let start = end - 8 * Double(key.label.count) - 6
        out.append(Self.segment(start - 20, line - 4, start, line - 4, key.colour, width: 2.5, dashed: key.dashed))
        end = start - 34
      }
    }
    for tick in x.ticks {
      out.append(Self.segment(px(tick.value), top, px(tick.value), bottom, "#ddd"))
      out.append(Self.text(px(tick.value), bottom + 18, tick.label, anchor: "middle"))
    }
    for tick in y.ticks {
      out.append(Self.segment(left, py(tick.value), right, py(tick.value), "#ddd"))
      out.append(Self.text(left - 8, py(tick.value) + 4, tick.label, anchor: "end"))
    }
    let clip = "<clipPath id=\"\(Self.escaped(region))\"><rect x=\"\(Self.number(left))\" y=\"\(Self.number(top))\" "
    out.append(clip + "width=\"\(Self.number(right - left))\" height=\"\(Self.number(bottom - top))\"/></clipPath>")
    out.append("<g clip-path=\"url(#\(Self.escaped(region)))\">")
    for layer in layers { out += draw(layer, x: x, y: y, px: px, py: py, top: top, bottom: bottom) }
    out.append("</g>")
    out.append(
      "<rect x=\"\(Self.number(left))\" y=\"\(Self.number(top))\" width=\"\(Self.number(right - left))\" "
        + "height=\"\(Self.number(bottom - top))\" fill=\"none\" stroke=\"#444\"/>")
    out.append(Self.text((left + right) / 2, height - 12, xLabel, anchor: "middle"))
    let middle = (top + bottom) / 2
    out.append(
      Self.text(18, middle, yLabel, anchor: "middle", extra: " transform=\"rotate(-90 18 \(Self.number(middle)))\""))
    out.append("</svg>")
    return out.joined(separator: "\n") + "\n"
  }

  /// The legend in rows: one beside the title, or as many below it as it needs (never exactly one there).
  private func legendRows(from left: Double, to right: Double) -> [[Key]] {
    func width(_ key: Key) -> Double { 8 * Double(key.label.count) + 60 }
    let total = legend.reduce(0) { $0 + width($1) }
    if total <= right - left - 8 * Double(title.count) { return [legend] }
    var rows: [[Key]] = [[]]
    var used = 0.0
    for key in legend {
      if used + width(key) > right - left, !(rows.last?.isEmpty ?? true) {
        rows.append([])
        used = 0
      }
      rows[rows.count - 1].append(key)
      used += width(key)
    }
    return rows.count == 1 ? [[]] + rows : rows
  }

  private func draw(
    _ layer: Layer, x: Axis, y: Axis, px: (Double) -> Double, py: (Double) -> Double, top: Double, bottom: Double
  ) -> [String] {
    func path(_ points: [(x: Double, y: Double)]) -> String {
      points.map { "\(Self.number(px($0.x))),\(Self.number(py($0.y)))" }.joined(separator: " ")
    }
    switch layer {
    case .line(let points, let colour, let dashed):
      let usable = points.filter { x.takes($0.x) && y.takes($0.y) }
      let dash = dashed ? " stroke-dasharray=\"6 4\"" : ""
      return [
        "<polyline points=\"\(path(usable))\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.6\"\(dash)/>"
      ]
    case .points(let points, let xBars, let yBars, let colour):
      var out: [String] = []
      for (index, point) in points.enumerated() where x.takes(point.x) && y.takes(point.y) {
        if let u = xBars?[index], u > 0 {
          let low = x.takes(point.x - u) ? point.x - u : x.low
          out.append(Self.segment(px(low), py(point.y), px(point.x + u), py(point.y), colour))
        }
        if let u = yBars?[index], u > 0 {
          let low = y.takes(point.y - u) ? point.y - u : y.low
          out.append(Self.segment(px(point.x), py(low), px(point.x), py(point.y + u), colour))
        }
        out.append(
          "<circle cx=\"\(Self.number(px(point.x)))\" cy=\"\(Self.number(py(point.y)))\" r=\"3.2\" fill=\"\(colour)\"/>"
        )
      }
      return out
    case .band(let points, let colour):
      let usable = points.filter { x.takes($0.x) && y.takes($0.low) && y.takes($0.high) }
      let outline = usable.map { (x: $0.x, y: $0.high) } + usable.reversed().map { (x: $0.x, y: $0.low) }
      return ["<polygon points=\"\(path(outline))\" fill=\"\(colour)\" fill-opacity=\"0.25\"/>"]
    case .bars(let bars, let colour):
      return bars.filter { x.takes($0.from) && x.takes($0.to) && y.takes($0.height) }.map { bar in
        let base = y.scale == .linear ? py(0) : bottom
        return "<rect x=\"\(Self.number(px(bar.from)))\" y=\"\(Self.number(py(bar.height)))\" "
          + "width=\"\(Self.number(px(bar.to) - px(bar.from)))\" height=\"\(Self.number(base - py(bar.height)))\" "
          + "fill=\"\(colour)\" fill-opacity=\"0.6\"/>"
      }
    case .marker(let value, let label, let colour):
      guard x.takes(value) else { return [] }
      return [
        Self.segment(px(value), top, px(value), bottom, colour),
        Self.text(px(value) + 4, top + 14, label, anchor: "start", extra: " fill=\"\(colour)\""),
      ]
    }
  }

  private var xValues: [Double] {
    layers.flatMap { layer -> [Double] in
      switch layer {
      case .line(let points, _, _): return points.map(\.x)
      case .points(let points, let bars, _, _):
        return points.map(\.x)
          + (bars.map { u in points.indices.flatMap { [points[$0].x - u[$0], points[$0].x + u[$0]] } } ?? [])
      case .band(let points, _): return points.map(\.x)
      case .bars(let bars, _): return bars.flatMap { [$0.from, $0.to] }
      case .marker(let x, _, _): return [x]
      }
    }
  }

  private var yValues: [Double] {
    layers.flatMap { layer -> [Double] in
      switch layer {
      case .line(let points, _, _): return points.map(\.y)
      case .points(let points, _, let bars, _):
        return points.map(\.y)
          + (bars.map { u in points.indices.flatMap { [points[$0].y - u[$0], points[$0].y + u[$0]] } } ?? [])
      case .band(let points, _): return points.flatMap { [$0.low, $0.high] }
      case .bars(let bars, _): return [0] + bars.map(\.height)
      case .marker: return []
      }
    }
  }

  // MARK: - Text

  private static func segment(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, width: Double = 1, dashed: Bool = false
  ) -> String {
    let extra = (width == 1 ? "" : " stroke-width=\"\(number(width))\"") + (dashed ? " stroke-dasharray=\"6 4\"" : "")
    return "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
      + "stroke=\"\(colour)\"\(extra)/>"
  }

  private static func text(_ x: Double, _ y: Double, _ text: String, anchor: String, extra: String = "") -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\"\(extra)>\(escaped(text))</text>"
  }

  /// Hundredths of a user unit are finer than a screen shows.
  static func number(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}

extension SVGPlot {
  /// A range with its ticks.
  struct Axis {
    let low: Double
    let high: Double
    let scale: Scale
    let ticks: [(value: Double, label: String)]

    init?(values: [Double], scale: Scale) {
      let usable = values.filter { $0.isFinite && (scale == .linear || $0 > 0) }
      guard var low = usable.min(), var high = usable.max() else { return nil }
      self.scale = scale
      switch scale {
      case .linear:
        if low == high {
          let half = low == 0 ? 1 : low.magnitude * 0.1
          low -= half
          high += half
        }
        guard (high - low).isFinite else { return nil }
        let margin = 0.04 * (high - low)
        self.low = low - margin
        self.high = high + margin
        ticks = Self.linearTicks(from: self.low, to: self.high)
      case .logarithmic:
        let first = Self.exponent(below: low)
        var last = Self.exponent(below: high)
        if Self.power(last) < high { last += 1 }
        if last == first { last += 1 }
        self.low = Self.power(first)
        self.high = Self.power(last)
        let step = max(1, (last - first) / 8)
        ticks = stride(from: first, through: last, by: step).map { (Self.power($0), "10" + Self.superscript($0)) }
      }
    }

    func takes(_ value: Double) -> Bool { value.isFinite && (scale == .linear || value > 0) }

    func fraction(_ value: Double) -> Double {
      switch scale {
      case .linear: return (value - low) / (high - low)
      case .logarithmic:
        return (Self.logarithm(value) - Self.logarithm(low)) / (Self.logarithm(high) - Self.logarithm(low))
      }
    }

    private static func linearTicks(from low: Double, to high: Double) -> [(value: Double, label: String)] {
      let raw = (high - low) / 6
      let exponent = Self.exponent(below: raw)
      let unit = power(exponent)
      let step = [1.0, 2, 5, 10].first { $0 * unit >= raw } ?? 10
      let decimals = max(0, -(step == 10 ? exponent + 1 : exponent))
      let first = Int((low / (step * unit)).rounded(.up))
      let last = Int((high / (step * unit)).rounded(.down))
      guard last >= first, last - first < 40 else { return [] }
      return (first...last).map { index in
        let value = Double(index) * step * unit
        if decimals == 0, value.magnitude < 1e10 { return (value, "\(Int(value))") }
        guard decimals > 6 || value.magnitude >= 1e7 else { return (value, Text.fixed(value, decimals)) }
        // Not the digits that rounding left: three times 2e-8 is 6e-8.
        return (value, value == 0 ? "0" : "\(Double("\(index * Int(step))e\(exponent)") ?? value)")
      }
    }

    private static func superscript(_ exponent: Int) -> String {
      let digits: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
      return String("\(exponent)".map { $0 == "-" ? "⁻" : digits[$0.wholeNumberValue ?? 0] })
    }

    private static func exponent(below value: Double) -> Int {
      var exponent = Int(logarithm(value).rounded(.down))
      while power(exponent) > value { exponent -= 1 }
      while power(exponent + 1) <= value { exponent += 1 }
      return exponent
    }

    private static func power(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? 0 }

    /// Decimal logarithm from the project's own functions, so that a plot is the same on every machine.
    private static func logarithm(_ value: Double) -> Double { Elementary.log10(value) }
  }
}
