extension FaultPlan {
  /// The smallest plan found that still fails: no entry of it can be left out, and durations are as short as halving
  /// makes them.
  ///
  /// Delta debugging (Zeller and Hildebrandt, IEEE Trans. Softw. Eng. 28, 2002, algorithm ddmin).
  /// - Parameter fails: whether a run with the plan fails in the way of interest; it must be reproducible and true for
  ///   this plan, else the plan comes back unchanged.
  public func shrunk(while fails: (FaultPlan) -> Bool) -> FaultPlan {
    guard fails(self) else { return self }
    var entries = self.entries
    var parts = 2
    while entries.count >= 2 {
      let size = (entries.count + parts - 1) / parts
      var reduced = false
      for start in stride(from: 0, to: entries.count, by: size) {
        let end = min(start + size, entries.count)
        let part = Array(entries[start..<end])
        if part.count < entries.count, fails(FaultPlan(part)) {
          entries = part
          parts = 2
          reduced = true
          break
        }
        let rest = Array(entries[..<start] + entries[end...])
        if !rest.isEmpty, rest.count < entries.count, fails(FaultPlan(rest)) {
          entries = rest
          parts = max(parts - 1, 2)
          reduced = true
          break
        }
      }
      if !reduced {
        if parts >= entries.count { break }
        parts = min(entries.count, parts * 2)
      }
    }
    for index in entries.indices {
      while let duration = entries[index].forSeconds, duration > 0.01 {
        var shorter = entries
        shorter[index].forSeconds = duration / 2
        guard fails(FaultPlan(shorter)) else { break }
        entries = shorter
      }
    }
    return FaultPlan(entries)
  }
}
