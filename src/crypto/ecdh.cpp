#include "crypto/ecdh.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <stdexcept>

#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

constexpr std::size_t kCoordinate = 32;
constexpr std::size_t kPoint = 1 + 2 * kCoordinate;
constexpr std::byte kUncompressed{4};

using Point = std::unique_ptr<EC_POINT, Freer<EC_POINT_free>>;
using Secret = std::unique_ptr<BIGNUM, Freer<BN_clear_free>>;
using Workspace = std::unique_ptr<BN_CTX, Freer<BN_CTX_free>>;

const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(Buffer& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

const EC_GROUP* p256() {
  static EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

BN_CTX* workspace() {
  thread_local const Workspace instance(BN_CTX_secure_new());
  return instance.get();
}

// Null where it is none, or not on the curve: OpenSSL looks when it reads it.
Point read(Bytes bytes) {
  if (bytes.size() != kPoint || bytes.front() != kUncompressed) return nullptr;
  Point point(EC_POINT_new(p256()));
  const bool good = EC_POINT_oct2point(p256(), point.get(), raw(bytes), bytes.size(), workspace()) == 1;
  ERR_clear_error();
  return good ? std::move(point) : nullptr;
}

Buffer written(const EC_POINT* point) {
  Buffer out(kPoint);
  const auto size = EC_POINT_point2oct(p256(), point, POINT_CONVERSION_UNCOMPRESSED, raw(out), out.size(), workspace());
  check(size == kPoint ? 1 : 0, "writing a point");
  return out;
}

// 1 to the group's order less 1.
Secret random_scalar() {
  Secret scalar(BN_secure_new());
  do {
    check(BN_priv_rand_range_ex(scalar.get(), EC_GROUP_get0_order(p256()), 0, workspace()), "making a key");
  } while (BN_is_zero(scalar.get()) == 1);
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  return scalar;
}

}  // namespace

bool on_p256(Bytes point) { return read(point) != nullptr; }

Agreed agree_once(Bytes with) {
  const Point theirs = read(with);
  if (!theirs) throw std::logic_error("no point of P-256");
  const Secret secret = random_scalar();
  const Point mine(EC_POINT_new(p256())), both(EC_POINT_new(p256()));
  check(EC_POINT_mul(p256(), mine.get(), secret.get(), nullptr, nullptr, workspace()), "making a key");
  check(EC_POINT_mul(p256(), both.get(), nullptr, theirs.get(), secret.get(), workspace()), "agreeing on a key");
  Buffer shared = written(both.get());
  return {.point = written(mine.get()), .shared = Buffer(shared.begin() + 1, shared.begin() + 1 + kCoordinate)};
}

}  // namespace hg::crypto
