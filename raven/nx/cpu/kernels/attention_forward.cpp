// Attention, forward: o and lse by the online softmax (Milakov and Gimelshein 2018), tiled as in FlashAttention.
#include "raven/nx/cpu/kernels/attention.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

/// One task: queries [first, first + count) of one head.
///   m[i] running maximum of the scores, l[i] running sum of exp(S − m) in 16 partial sums, o not yet divided by l
template <class T>
struct Forward : Attention<T> {
  using Base = Attention<T>;
  using typename Base::Row;
  using typename Base::Rows;

  const AttentionArgs& args;
  int64_t batch, head, next_batch, next_head, first, count;  ///< the next head's operands are asked for; −1: none
  T *panel, *values, *scores, *maxima, *sums;

  /// `height` ≤ 6 queries from row i of the task meet the keys [k0, k0 + keys), of which the last query sees `limit` >
  /// 0.
  void meet(int64_t i, int64_t height, int64_t k0, int64_t limit, const Rows& v) {
    const RowDomain d;
    constexpr int64_t tile = attention_keys;
    const AttentionOperand& q = args.q;
    Base::multiply({Base::at(q, batch, head, first + i), q.row, q.column, panel, tile, args.width, scores, tile, false,
                    nullptr, true},
                   height, limit);
    const Row scale = Base::constant(args.scale), nothing = Base::constant(-std::numeric_limits<double>::infinity());
    alignas(64) T before[row_lanes] = {}, after[row_lanes] = {}, factor[row_lanes];
    const int64_t pieces = ceil_div(limit, row_lanes);
    for (int64_t r = 0; r < height; ++r) {
      const int64_t seen = args.visible(first + i + r) - k0;
      Row top = nothing;
      for (int64_t p = 0; p < pieces; ++p) {
        T* place = scores + r * tile + p * row_lanes;
        Row x = d.load(place) * scale;
        if (seen < (p + 1) * row_lanes) x = vmath::first_lanes(x, nothing, seen - p * row_lanes);
        d.store(place, x);
        top = d.max(top, x);
      }
      before[r] = k0 == 0 ? -std::numeric_limits<T>::infinity() : maxima[i + r];
      const T highest = vmath::reduce_lanes(top, [&](auto a, auto b) { return decltype(a){a.v > b.v ? a.v : b.v}; });
      after[r] = highest > before[r] ? highest : before[r];
    }
    // A row that sees no key yet has m = −inf: shifted by 0 instead, its terms are exp(−inf) = 0.
    const Row m = d.load(after), shift = d.select(m == nothing, Row{}, m);
    d.store(factor, Base::exp_score(d.load(before) - shift));
    alignas(64) T shifts[row_lanes];
    d.store(shifts, shift);
    for (int64_t r = 0; r < height; ++r) {
      const Row down = d.bcast(shifts + r);
      Row sum{};
      for (int64_t p = 0; p < pieces; ++p) {
        T* place = scores + r * tile + p * row_lanes;
        const Row e = Base::exp_score(d.load(place) - down);
        d.store(place, e);
        sum = sum + e;
      }
      T* total = sums + (i + r) * row_lanes;
      d.store(total, k0 == 0 ? sum : d.fma(d.load(total), d.bcast(factor + r), sum));
      maxima[i + r] = after[r];
    }
    Base::multiply({scores, tile, 1, v.data, v.stride, limit, Base::at(args.o, batch, head, first + i), args.o.row,
                    k0 != 0, factor, false},
                   height, args.value_width);
  }

  /// o = o / l, lse = m + log l; a row that saw no key: 0 and −inf.
  void finish() {
    const RowDomain d;
    const Row zero{}, one = Base::constant(1);
    for (int64_t i = 0; i < count; i += row_lanes) {
      const int64_t height = least(row_lanes, count - i);
      alignas(64) T total[row_lanes] = {}, top[row_lanes] = {};
      for (int64_t r = 0; r < height; ++r) {
        const bool any = args.visible(first + i + r) > 0;
        total[r] =
            any ? vmath::reduce_lanes(d.load(sums + (i + r) * row_lanes), [](auto a, auto b) { return a + b; }) : T(0);
        top[r] = any ? maxima[i + r] : -std::numeric_limits<T>::infinity();
      }
      const Row sum = d.load(total), divisor = d.select(sum == zero, one, sum);
      vmath::store_partial(Base::at(args.lse, batch, head, first + i), d.load(top) + vmath::log(d, divisor), height);
      d.store(total, divisor);
      for (int64_t r = 0; r < height; ++r) {
        T* o = Base::at(args.o, batch, head, first + i + r);
        if (args.visible(first + i + r) == 0)
          std::memset(o, 0, static_cast<size_t>(args.value_width) * sizeof(T));
        else
          for (int64_t j = 0; j < args.value_width; ++j) o[j] = o[j] / total[r];
      }
    }
  }

  void ask_for_next(int64_t begin, int64_t end) {
    if (next_batch < 0) return;
    const int64_t last = least(end, args.keys);
    Base::ask(args.q, next_batch, next_head, begin, end, args.width);
    Base::ask(args.k, next_batch, next_head, begin, last, args.width);
    Base::ask(args.v, next_batch, next_head, begin, last, args.value_width);
  }

  void run() {
    const int64_t seen = args.visible(first + count - 1);
    for (int64_t k0 = 0; k0 < seen; k0 += attention_keys) {
      const int64_t keys = least(attention_keys, seen - k0);
      Base::transposed(args.k, batch, head, k0, keys, args.width, panel);
      const Rows v = Base::rows_of(args.v, batch, head, k0, keys, args.value_width, values);
      for (int64_t i = 0; i < count; i += attention_rows) {
        const int64_t height = least(attention_rows, count - i);
        const int64_t limit = least(keys, args.visible(first + i + height - 1) - k0);
        ask_for_next(first + i, first + i + height);
        if (limit > 0) meet(i, height, k0, limit, v);
      }
    }
    finish();
  }
};

template <class T>
void forward(const AttentionArgs& args, int64_t begin, int64_t end, std::byte* scratch) {
  const int64_t members = args.batch * args.heads, tiles = ceil_div(args.queries, attention_queries);
  const bool ahead = args.queries <= short_sequence && args.keys <= short_sequence;
  for (int64_t task = begin; task < end; ++task) {
    // Causal tasks grow with the query: the longest ones first.
    const int64_t member = task % members, first = (tiles - 1 - task / members) * attention_queries;
    const int64_t next = ahead && member + 1 < members ? member + 1 : -1;
    T* panel = reinterpret_cast<T*>(scratch);
    T* values = panel + attention_keys * args.width;
    T* scores = values + attention_keys * attention_round(args.value_width);
    T* maxima = scores + attention_keys * row_lanes;
    T* sums = maxima + attention_queries + row_lanes;
    Forward<T>{{},
               args,
               member / args.heads,
               member % args.heads,
               next < 0 ? -1 : next / args.heads,
               next % args.heads,
               first,
               least(attention_queries, args.queries - first),
               panel,
               values,
               scores,
               maxima,
               sums}
        .run();
  }
}

}  // namespace

void fill_attention_forward(LevelTable& t) {
  t.attention[static_cast<int>(DType::f32)].forward = &forward<float>;
  t.attention[static_cast<int>(DType::f64)].forward = &forward<double>;
}

}  // namespace nx::cpu::RAVEN_LEVEL
