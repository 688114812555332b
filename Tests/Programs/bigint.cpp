// Big integers as a class: factorials, powers, digits of pi and of e.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

class Natural {
  std::vector<uint32_t> limbs;

  void trim() {
    while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  }

public:
  Natural(uint32_t value = 0) {
    if (value) limbs.push_back(value);
  }

  Natural &operator+=(const Natural &other) {
    uint64_t carry = 0;
    for (size_t i = 0; i < other.limbs.size() || carry; i++) {
      if (i == limbs.size()) limbs.push_back(0);
      carry += uint64_t(limbs[i]) + (i < other.limbs.size() ? other.limbs[i] : 0);
      limbs[i] = uint32_t(carry);
      carry >>= 32;
    }
    return *this;
  }

  Natural &operator-=(const Natural &other) {
    int64_t borrow = 0;
    for (size_t i = 0; i < limbs.size(); i++) {
      borrow += int64_t(limbs[i]) - (i < other.limbs.size() ? other.limbs[i] : 0);
      limbs[i] = uint32_t(borrow);
      borrow >>= 32;
    }
    trim();
    return *this;
  }

  Natural &operator*=(uint32_t factor) {
    uint64_t carry = 0;
    for (auto &limb : limbs) {
      carry += uint64_t(limb) * factor;
      limb = uint32_t(carry);
      carry >>= 32;
    }
    if (carry) limbs.push_back(uint32_t(carry));
    trim();
    return *this;
  }

  uint32_t divide(uint32_t divisor) {
    uint64_t rest = 0;
    for (size_t i = limbs.size(); i-- > 0;) {
      rest = rest << 32 | limbs[i];
      limbs[i] = uint32_t(rest / divisor);
      rest %= divisor;
    }
    trim();
    return uint32_t(rest);
  }

  friend Natural operator*(const Natural &a, const Natural &b) {
    Natural result;
    result.limbs.resize(a.limbs.size() + b.limbs.size());
    for (size_t i = 0; i < a.limbs.size(); i++) {
      uint64_t carry = 0;
      for (size_t j = 0; j < b.limbs.size() || carry; j++) {
        carry += uint64_t(result.limbs[i + j]) + uint64_t(a.limbs[i]) * (j < b.limbs.size() ? b.limbs[j] : 0);
        result.limbs[i + j] = uint32_t(carry);
        carry >>= 32;
      }
    }
    result.trim();
    return result;
  }

  bool isZero() const { return limbs.empty(); }

  std::string text() const {
    if (isZero()) return "0";
    Natural rest = *this;
    std::string digits;
    while (!rest.isZero()) {
      uint32_t part = rest.divide(1000000000);
      for (int i = 0; i < 9 && (part || !rest.isZero()); i++, part /= 10) digits += char('0' + part % 10);
    }
    return std::string(digits.rbegin(), digits.rend());
  }
};

static Natural power(Natural base, unsigned exponent) {
  Natural result = 1;
  for (; exponent; exponent >>= 1, base = base * base)
    if (exponent & 1) result = result * base;
  return result;
}

// arctan(1 / x) * scale
static Natural arctan(uint32_t x, Natural scale) {
  scale.divide(x);
  Natural plus, minus;
  for (uint32_t n = 1; !scale.isZero(); n += 2) {
    Natural term = scale;
    term.divide(n);
    (n % 4 == 1 ? plus : minus) += term;
    scale.divide(x * x);
  }
  plus -= minus;
  return plus;
}

int main() {
  Natural factorial = 1;
  for (uint32_t i = 2; i <= 100; i++) factorial *= i;
  std::printf("100! = %s\n", factorial.text().c_str());
  for (uint32_t i = 101; i <= 2000; i++) factorial *= i;
  std::string digits = factorial.text();
  unsigned sum = 0;
  for (char c : digits) sum += unsigned(c - '0');
  std::printf("2000! has %zu digits, their sum is %u\n", digits.size(), sum);
  std::printf("3^333 = %s\n", power(3, 333).text().c_str());
  Natural scale = power(10, 1010);
  Natural a = arctan(5, scale), b = arctan(239, scale);
  a *= 16;
  b *= 4;
  a -= b;
  std::string pi = a.text();
  std::printf("pi = %c.%s\n... %s\n", pi[0], pi.substr(1, 60).c_str(), pi.substr(991, 10).c_str());
  Natural e, term = scale;
  for (uint32_t n = 1; !term.isZero(); n++) {
    e += term;
    term.divide(n);
  }
  std::printf("e = %c.%s\n", e.text()[0], e.text().substr(1, 60).c_str());
  Natural f = 0, g = 1;
  for (int i = 0; i < 5000; i++) {
    f += g;
    std::swap(f, g);
  }
  std::printf("fibonacci(5000) ends in %s\n", f.text().substr(f.text().size() - 20).c_str());
}
