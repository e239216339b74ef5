#include "CCalibrationTwin.h"

void line_twin_run(struct line_twin *state, const double *places, const double *values, long length, long count,
                   double noise, double drift_offset, double drift_gain) {
  struct line_twin l = *state;
  long at = 0;
  for (long k = 0; k < count; k++) {
    double s = places[at], x = values[at];
    if (++at == length) at = 0;
    double variance = (l.offset_variance + noise) + (s + s) * l.covariance + (s * s) * l.gain_variance;
    double scale = 1 / variance;
    double a = l.offset_variance + s * l.covariance;
    double b = l.covariance + s * l.gain_variance;
    double step = (x - (l.offset + s * l.gain)) * scale;
    l.offset += a * step;
    l.gain += b * step;
    l.offset_variance = (l.offset_variance + drift_offset) - (a * a) * scale;
    l.covariance -= (a * b) * scale;
    l.gain_variance = (l.gain_variance + drift_gain) - (b * b) * scale;
  }
  *state = l;
}

static void add(struct consider_twin *f, double v0, double v1, double weight) {
  double c = weight;
  if (c > 0) {
    double before = f->diagonal[1], after = before + c * v1 * v1;
    if (after > 0) {
      double beta = c * v1 / after;
      v0 -= v1 * f->unit;
      f->unit += beta * v0;
      c *= before / after;
      f->diagonal[1] = after;
    }
  }
  if (c > 0) {
    double before = f->diagonal[0], after = before + c * v0 * v0;
    if (after > 0) f->diagonal[0] = after;
  }
}

void consider_twin_run(struct consider_twin *state, const double *places, const double *values, long length, long count,
                       double noise, double drift_offset, double drift_gain) {
  struct consider_twin f = *state;
  long at = 0;
  for (long k = 0; k < count; k++) {
    double s = places[at], x = values[at];
    if (++at == length) at = 0;
    add(&f, 1, 0, drift_offset);
    add(&f, 0, 1, drift_gain);
    const double consider[3] = {-0.01, -0.01 * s, -0.005};
    double projection[2] = {1, s + f.unit};
    double random = f.diagonal[0] + f.diagonal[1] * projection[1] * projection[1];
    double part[3], systematic = 0;
    for (int j = 0; j < 3; j++) {
      part[j] = consider[j] + f.sensitivity[0][j] + f.sensitivity[1][j] * s;
      systematic += part[j] * part[j];
    }
    double total_variance = random + systematic + noise;
    if (!(total_variance > 0)) continue;
    double gain[2], alpha = noise;
    {
      double v = f.diagonal[0], before = alpha;
      alpha += v;
      gain[0] = v;
      f.diagonal[0] *= before / alpha;
    }
    {
      double g = projection[1], v = f.diagonal[1] * g, before = alpha;
      alpha += g * v;
      gain[1] = v;
      f.diagonal[1] *= before / alpha;
      double lambda = -g / before, u = f.unit;
      f.unit = u + gain[0] * lambda;
      gain[0] += v * u;
    }
    double total = alpha + systematic, difference[2];
    for (int i = 0; i < 2; i++) {
      double known = gain[i] / alpha, used = gain[i];
      for (int j = 0; j < 3; j++) used += f.sensitivity[i][j] * part[j];
      used /= total;
      difference[i] = used - known;
      gain[i] = used;
      for (int j = 0; j < 3; j++) f.sensitivity[i][j] -= used * part[j];
    }
    add(&f, difference[0], difference[1], alpha);
    double innovation = x - (f.theta[0] + s * f.theta[1]);
    f.theta[0] += gain[0] * innovation;
    f.theta[1] += gain[1] * innovation;
  }
  *state = f;
}
