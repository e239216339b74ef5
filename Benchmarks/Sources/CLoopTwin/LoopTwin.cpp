// The closed loop of `Sources/loop` once more, as one would write it in C++: the same arithmetic in the same order, so that
// both programs must end with the same bits.
#include "LoopTwin.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

struct Random {
  uint64_t s0, s1, s2, s3;
  static uint64_t splitmix(uint64_t &state) {
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  explicit Random(uint64_t seed) {
    s0 = splitmix(seed);
    s1 = splitmix(seed);
    s2 = splitmix(seed);
    s3 = splitmix(seed);
  }
  double uniform() {
    uint64_t sum = s0 + s3;
    uint64_t result = (sum << 23 | sum >> 41) + s0;
    uint64_t t = s1 << 17;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = s3 << 45 | s3 >> 19;
    return double(result >> 11) * 0x1p-53;
  }
  // A triangular number of variance 1/6.
  double triangular() {
    double first = uniform();
    return first + uniform() - 1;
  }
};

// UD factors of two states with one consider parameter.
struct Factors {
  double unit[2][2] = {{1, 0}, {0, 1}};
  double diagonal[2];
  double sensitivity[2] = {0, 0};

  double projection(const double *h, int j) const {
    double f = h[j];
    for (int i = 0; i < j; i++) f += unit[i][j] * h[i];
    return f;
  }
  double variance(const double *h, double consider) const {
    double sum = 0;
    for (int j = 0; j < 2; j++) {
      double f = projection(h, j);
      sum += diagonal[j] * f * f;
    }
    double f = consider;
    for (int i = 0; i < 2; i++) f += sensitivity[i] * h[i];
    return sum + f * f;
  }
  void add(const double *vector, double weight) {
    double v[2] = {vector[0], vector[1]};
    double c = weight;
    for (int j = 1; j >= 0 && c > 0; j--) {
      double a = v[j], before = diagonal[j], after = before + c * a * a;
      if (after > 0) {
        double beta = c * a / after;
        for (int i = 0; i < j; i++) {
          v[i] -= a * unit[i][j];
          unit[i][j] += beta * v[i];
        }
        c *= before / after;
        diagonal[j] = after;
      }
    }
  }
  bool update(const double *h, double consider, double noise, double *gain) {
    double innovation = variance(h, consider) + noise;
    if (!(innovation > 0) || !std::isfinite(innovation)) return false;
    double part = consider;
    for (int i = 0; i < 2; i++) part += sensitivity[i] * h[i];
    double systematic = part * part;
    gain[0] = gain[1] = 0;
    double alpha = noise + (1.0 - 1) * innovation;
    for (int j = 0; j < 2; j++) {
      double f = projection(h, j), v = diagonal[j] * f, before = alpha;
      alpha += f * v;
      gain[j] = v;
      if (before > 0) {
        diagonal[j] *= before / alpha;
        double lambda = -f / before;
        for (int i = 0; i < j; i++) {
          double u = unit[i][j];
          unit[i][j] = u + gain[i] * lambda;
          gain[i] += v * u;
        }
      } else if (alpha > 0) {
        diagonal[j] = 0;
        for (int i = 0; i < j; i++) gain[i] += v * unit[i][j];
      }
    }
    double total = alpha + systematic, difference[2];
    for (int i = 0; i < 2; i++) {
      double known = alpha > 0 ? gain[i] / alpha : 0;
      double used = gain[i];
      used += sensitivity[i] * part;
      used /= total;
      difference[i] = used - known;
      gain[i] = used;
      sensitivity[i] -= used * part;
    }
    add(difference, alpha);
    return true;
  }
};

struct Pid {
  double integral = 0, gain, given = 0, error = 0, measured = 0;
  int64_t last = 0;
  bool started = false;

  double update(const LoopTwinSetup &s, double value, double u, double setpoint, int64_t now) {
    if (started && now <= last) return given;
    if (!std::isfinite(value) || !std::isfinite(u) || u < 0) return given;
    double weighted = 1.0 * setpoint - value;
    double forward = 0.0 + 0.0 * (setpoint - s.idle) + 0.0 * 0.0;
    double slowdown = std::max(1.0, u / s.nominal);
    double wanted = s.pidGain / slowdown;
    double increment = 0;
    if (started) {
      integral += (gain - wanted) * weighted;
      gain = wanted;
      double seconds = double(now - last) * 1e-9;
      increment = gain / std::min(s.pidIntegral * slowdown, HUGE_VAL) * error * seconds;
    } else {
      gain = wanted;
      integral = gain * (1 - 1.0) * setpoint;
      integral += s.initial - forward;
      started = true;
    }
    last = now;
    error = setpoint - value;
    measured = value;
    double desired = forward + gain * weighted + integral + increment - 0.0;
    double output = std::min(std::max(desired, s.lower), s.upper);
    double beyond = desired - output;
    if (beyond == 0 || (beyond > 0) != (increment > 0)) integral += increment;
    given = output;
    return output;
  }
};

struct Lqg {
  double z = 0, x = 0, m = 0, az = 0, ax = 0, am = 0;
  double pzz, pzx, pzm, pxx, pxm, pmm;
  double outputs[64];
  int place = 0;
  double given = 0, slowdown = 1;
  int64_t last = 0;
  bool started = false;

  void start(const LoopTwinSetup &s, double value, double u, double output) {
    z = value - s.idle;
    x = z;
    m = z - s.gain * output;
    az = z;
    ax = x;
    am = m;
    double v = u * u;
    pzz = pzx = pzm = pxm = v;
    pxx = pmm = v + s.startVariance;
    for (double &o : outputs) o = output;
    place = 0;
  }
  double delayed(const LoopTwinSetup &s) const { return outputs[(place - s.delay) & 63]; }
  void measure(const LoopTwinSetup &s, double value, double u) {
    double driven = s.gain * delayed(s);
    double expected = s.rKeep * z + s.rCouple * x + s.rTake * (driven + m);
    double hz = pzz * s.rKeep + pzx * s.rCouple + pzm * s.rTake;
    double hx = pzx * s.rKeep + pxx * s.rCouple + pxm * s.rTake;
    double hm = pzm * s.rKeep + pxm * s.rCouple + pmm * s.rTake;
    double variance = s.rKeep * hz + s.rCouple * hx + s.rTake * hm + u * u;
    double difference = value - s.idle - expected;
    if (!(variance > 0)) return;
    double inverse = 1 / variance, lz = hz * inverse, lx = hx * inverse, lm = hm * inverse;
    z += lz * difference;
    x += lx * difference;
    m += lm * difference;
    az += (s.aKeep * lz + s.aCouple * lx + s.aTake * lm) * difference;
    ax += (s.aLagKeep * lx + s.aLagTake * lm) * difference;
    am = m;
    pzz = std::max(0.0, pzz - lz * hz);
    pzx -= lz * hx;
    pzm -= lz * hm;
    pxx = std::max(0.0, pxx - lx * hx);
    pxm -= lx * hm;
    pmm = std::max(0.0, pmm - lm * hm);
  }
  void advance(const LoopTwinSetup &s, double output) {
    outputs[place & 63] = output;
    double toward = s.gain * delayed(s) + m;
    double nz = s.oKeep * z + s.oCouple * x + s.oTake * toward;
    x = s.oLagKeep * x + s.oLagTake * toward;
    z = nz;
    double ahead = s.gain * output + am;
    double na = s.oKeep * az + s.oCouple * ax + s.oTake * ahead;
    ax = s.oLagKeep * ax + s.oLagTake * ahead;
    az = na;
    place = (place + 1) & 63;
    double fzz = s.oKeep * pzz + s.oCouple * pzx + s.oTake * pzm;
    double fzx = s.oKeep * pzx + s.oCouple * pxx + s.oTake * pxm;
    double fzm = s.oKeep * pzm + s.oCouple * pxm + s.oTake * pmm;
    double fxx = s.oLagKeep * pxx + s.oLagTake * pxm;
    double fxm = s.oLagKeep * pxm + s.oLagTake * pmm;
    pzz = fzz * s.oKeep + fzx * s.oCouple + fzm * s.oTake + s.quantityNoise;
    pzx = fzx * s.oLagKeep + fzm * s.oLagTake;
    pzm = fzm;
    pxx = fxx * s.oLagKeep + fxm * s.oLagTake + s.lagNoise;
    pxm = fxm;
    pmm += s.disturbanceNoise;
  }
  double update(const LoopTwinSetup &s, double value, double u, double setpoint, int64_t now) {
    bool measured = std::isfinite(value) && std::isfinite(u) && u >= 0;
    if (started) {
      int64_t periods = (now - last + s.periodNanoseconds / 2) / s.periodNanoseconds;
      if (now <= last || periods <= 0) return given;
      for (int64_t i = 0; i < std::min<int64_t>(periods, 256); i++) advance(s, given);
      last = now;
      if (measured) measure(s, value, u);
    } else {
      if (!measured) return s.lower;
      last = now;
      start(s, value, u, s.initial);
      started = true;
    }
    if (measured) slowdown = std::max(1.0, u / s.nominal);
    double first = s.quantityGains[0], second = s.lagGains[0];
    if (slowdown > 1) {
      int level = 0;
      double base = 1;
      while (level < 7 && slowdown > 2 * base) {
        level++;
        base *= 2;
      }
      if (level < 7) {
        double share = 2 * base / slowdown - 1;
        first = s.quantityGains[level + 1] + share * (s.quantityGains[level] - s.quantityGains[level + 1]);
        second = s.lagGains[level + 1] + share * (s.lagGains[level] - s.lagGains[level + 1]);
      } else {
        first = s.quantityGains[7];
        second = s.lagGains[7];
      }
    }
    double tz = setpoint - s.idle, tx = tz + s.lag * 0.0;
    double driven = tx + s.secondLag * 0.0 - am - first * (az - tz) - second * (ax - tx);
    double wanted = driven / s.gain + 0.0;
    given = std::min(std::max(wanted, s.lower), s.upper);
    return given;
  }
};

struct Channel {
  Random random;
  double quantity, lag, output;
  Factors factors;
  double state[2] = {0, 1};
  Pid pid;
  Lqg lqg;
  explicit Channel(uint64_t seed) : random(seed) {}
};

struct Loop {
  LoopTwinSetup s;
  bool lqg;
  int64_t tick = 0;
  std::vector<Channel> channels;
};

template <bool isLqg> double run(Loop &loop, int64_t ticks) {
  const LoopTwinSetup s = loop.s;
  double checksum = 0;
  for (int64_t n = 0; n < ticks; n++) {
    loop.tick++;
    int64_t now = loop.tick * s.periodNanoseconds;
    double setpoint = (loop.tick / 2000) % 2 == 0 ? 10 : 12;
    checksum = 0;
    for (Channel &c : loop.channels) {
      double quantity = s.keep * c.quantity + s.couple * c.lag + s.take * (s.gain * c.output);
      c.lag = s.lagKeep * c.lag + s.lagTake * (s.gain * c.output);
      c.quantity = quantity + s.noise * c.random.triangular();
      double reference = c.quantity + s.referenceNoise * c.random.triangular();
      double device = 0.05 + 1.01 * c.quantity + s.deviceNoise * c.random.triangular();
      double h[2] = {1, device}, drift[2] = {1, 0}, gain[2];
      double predicted = c.state[0] + c.state[1] * device;
      if (s.motionNoise > 0) c.factors.add(drift, s.motionNoise);
      if (c.factors.update(h, 1e-3, s.referenceNoise * s.referenceNoise, gain)) {
        double innovation = reference - predicted;
        for (int i = 0; i < 2; i++) c.state[i] += gain[i] * innovation;
      }
      double corrected = c.state[0] + c.state[1] * device;
      double u = std::sqrt(c.factors.variance(h, 0) + s.deviceNoise * s.deviceNoise);
      double output = isLqg ? c.lqg.update(s, corrected, u, setpoint, now) : c.pid.update(s, corrected, u, setpoint, now);
      c.output = output;
      checksum += output + corrected;
    }
  }
  return checksum;
}

}  // namespace

extern "C" void *loop_twin_create(const LoopTwinSetup *setup, int64_t channels, int32_t lqg) {
  Loop *loop = new Loop{*setup, lqg != 0, 0, {}};
  for (int64_t i = 0; i < channels; i++) {
    Channel c(uint64_t(i + 1));
    c.output = setup->initial;
    c.lag = setup->gain * setup->initial;
    c.quantity = c.lag;
    for (int k = 0; k < 2; k++) c.factors.diagonal[k] = setup->initialVariance[k];
    c.pid.gain = setup->pidGain;
    loop->channels.push_back(c);
  }
  return loop;
}

extern "C" double loop_twin_run(void *handle, int64_t ticks) {
  Loop &loop = *static_cast<Loop *>(handle);
  return loop.lqg ? run<true>(loop, ticks) : run<false>(loop, ticks);
}

extern "C" void loop_twin_destroy(void *handle) { delete static_cast<Loop *>(handle); }
