// Attention, backward: the probabilities are computed again from lse, tile by tile.
//
//   P = exp(S − lse);  dv = Pᵀ·g;  dP = g·vᵀ;  dS = P·(dP − δ)·scale;  dq = dS·k;  dk = dSᵀ·q
//   δ[i] = Σ_j g[i][j]·o[i][j] − g_lse[i]
//
// dq adds tiles of keys in ascending order, dk and dv tiles of queries; whichever way tasks are cut.
#include "raven/nx/cpu/kernels/attention.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
struct Backward : Attention<T> {
  using Base = Attention<T>;
  using typename Base::Row;
  using typename Base::Rows;
  static constexpr int64_t tile = attention_keys;

  const AttentionArgs& args;
  int64_t batch, head;
  int64_t next_batch, next_head;  ///< whose operands are asked for; −1: none
  bool want_dq, want_dkv;
  T *key_panel, *value_panel, *p, *ds, *delta, *key_copy, *query_copy, *g_copy;

  /// Σ_j g·o of one query in 16 partial sums, less what flowed into its lse.
  T delta_of(int64_t i) {
    const RowDomain d;
    const T *g = Base::at(args.g, batch, head, i), *o = Base::at(args.o, batch, head, i);
    const int64_t n = args.value_width, gs = args.g.column, os = args.o.column;
    Row sum{};
    int64_t j = 0;
    if (gs == 1 && os == 1)
      for (; j + row_lanes <= n; j += row_lanes) sum = d.fma(d.load(g + j), d.load(o + j), sum);
    for (; j < n; j += row_lanes) {
      alignas(64) T a[row_lanes] = {}, b[row_lanes] = {};
      for (int64_t x = 0; x < least(row_lanes, n - j); ++x) a[x] = g[(j + x) * gs], b[x] = o[(j + x) * os];
      sum = d.fma(d.load(a), d.load(b), sum);
    }
    const T total = vmath::reduce_lanes(sum, [](auto a, auto b) { return a + b; });
    return args.g_lse.data ? total - *Base::at(args.g_lse, batch, head, i) : total;
  }

  /// P and dS of `height` ≤ 6 queries from row `i` of the tile at q0 against the keys [k0, …), `limit` of them seen.
  void probabilities(int64_t q0, int64_t i, int64_t height, int64_t k0, int64_t keys, int64_t limit) {
    const RowDomain d;
    const AttentionOperand &q = args.q, &g = args.g;
    T *scores = p + i * tile, *slopes = ds + i * tile;
    Base::multiply({Base::at(q, batch, head, q0 + i), q.row, q.column, key_panel, tile, args.width, scores, tile, false,
                    nullptr, true},
                   height, limit);
    Base::multiply({Base::at(g, batch, head, q0 + i), g.row, g.column, value_panel, tile, args.value_width, slopes,
                    tile, false, nullptr, true},
                   height, limit);
    const Row scale = Base::constant(args.scale);
    for (int64_t r = 0; r < height; ++r) {
      const int64_t seen = args.visible(q0 + i + r) - k0;
      const Row lse = d.bcast(Base::at(args.lse, batch, head, q0 + i + r)), shift = d.bcast(delta + i + r);
      for (int64_t j = 0; j < keys; j += row_lanes) {
        T *score = scores + r * tile + j, *slope = slopes + r * tile + j;
        if (j >= seen) {
          d.store(score, Row{});
          d.store(slope, Row{});
          continue;
        }
        Row e = Base::exp_score(d.load(score) * scale - lse);
        Row s = e * (d.load(slope) - shift) * scale;
        const int64_t known = least(seen, keys) - j;
        if (known < row_lanes) e = vmath::first_lanes(e, Row{}, known), s = vmath::first_lanes(s, Row{}, known);
        d.store(score, e);
        d.store(slope, s);
      }
    }
  }

  void ask_for_next(int64_t first, int64_t last) {
    if (next_batch < 0) return;
    for (const AttentionOperand* x : {&args.q, &args.g, &args.o, &args.k, &args.v}) {
      const bool by_keys = x == &args.k || x == &args.v;
      Base::ask(*x, next_batch, next_head, first, least(last, by_keys ? args.keys : args.queries),
                x == &args.q || x == &args.k ? args.width : args.value_width);
    }
  }

  void zero(const AttentionOperand& x, int64_t begin, int64_t end, int64_t width) {
    for (int64_t i = begin; i < end; ++i)
      std::memset(Base::at(x, batch, head, i), 0, static_cast<size_t>(width) * sizeof(T));
  }

  /// The queries [q0, q0 + count) against the packed keys [k0, k0 + keys). dq is begun by the first tile of keys, dk
  /// and dv by the first tile of queries that sees any: returns whether one does, if `begun` is not set.
  bool meet(int64_t q0, int64_t count, int64_t k0, int64_t keys, const Rows& k, bool first_keys, bool begun) {
    int64_t begin = count;  // first query, by groups, that sees any of the keys
    for (int64_t i = 0; i < count; i += attention_rows) {
      const int64_t height = least(attention_rows, count - i);
      const int64_t limit = least(keys, args.visible(q0 + i + height - 1) - k0);
      ask_for_next(q0 + i, q0 + i + height);
      if (limit <= 0) {
        if (want_dq && first_keys) zero(args.dq, q0 + i, q0 + i + height, args.width);
        continue;
      }
      begin = least(begin, i);
      for (int64_t r = i; r < i + height; ++r) delta[r] = delta_of(q0 + r);
      probabilities(q0, i, height, k0, keys, limit);
      if (want_dq)
        Base::multiply({ds + i * tile, tile, 1, k.data, k.stride, limit, Base::at(args.dq, batch, head, q0 + i),
                        args.dq.row, !first_keys, nullptr, false},
                       height, args.width);
    }
    if (!want_dkv || begin == count) return begun;
    const Rows g = Base::rows_of(args.g, batch, head, q0 + begin, count - begin, args.value_width, g_copy);
    const Rows q = Base::rows_of(args.q, batch, head, q0 + begin, count - begin, args.width, query_copy);
    for (int64_t j = 0; j < keys; j += attention_rows) {
      // Causal: the queries before k0 + j − offset see none of this group of keys.
      const int64_t unseen = args.causal ? k0 + j - args.offset - q0 : 0;
      const int64_t first = unseen < begin ? begin : least(unseen, count), height = least(attention_rows, keys - j);
      const int64_t at = first * tile + j, skipped = first - begin;
      Base::multiply({p + at, 1, tile, g.data + skipped * g.stride, g.stride, count - first,
                      Base::at(args.dv, batch, head, k0 + j), args.dv.row, begun, nullptr, false},
                     height, args.value_width);
      Base::multiply({ds + at, 1, tile, q.data + skipped * q.stride, q.stride, count - first,
                      Base::at(args.dk, batch, head, k0 + j), args.dk.row, begun, nullptr, false},
                     height, args.width);
    }
    return true;
  }

  void run(int64_t q_begin, int64_t q_end, int64_t k_begin, int64_t k_end) {
    int64_t k0 = k_begin;
    // Causal: the queries before k0 − offset see none of the keys from k0 on.
    for (; k0 < k_end && q_begin < q_end && args.visible(q_end - 1) > k0; k0 += attention_keys) {
      const int64_t keys = least(attention_keys, k_end - k0);
      Base::transposed(args.k, batch, head, k0, keys, args.width, key_panel);
      Base::transposed(args.v, batch, head, k0, keys, args.value_width, value_panel);
      const Rows k = want_dq ? Base::rows_of(args.k, batch, head, k0, keys, args.width, key_copy) : Rows{};
      bool begun = false;
      for (int64_t q0 = q_begin; q0 < q_end; q0 += attention_grad_queries) {
        const int64_t count = least(attention_grad_queries, q_end - q0);
        if ((want_dq && k0 == k_begin) || args.visible(q0 + count - 1) > k0)
          begun = meet(q0, count, k0, keys, k, k0 == k_begin, begun);
      }
    }
    if (want_dq && k0 == k_begin) zero(args.dq, q_begin, q_end, args.width);
    if (want_dkv) zero(args.dk, k0, k_end, args.width), zero(args.dv, k0, k_end, args.value_width);
  }
};

template <class T>
void backward(const AttentionArgs& args, AttentionGradPart part, int64_t begin, int64_t end, std::byte* scratch) {
  const int64_t members = args.batch * args.heads;
  T* key_panel = reinterpret_cast<T*>(scratch);
  T* value_panel = key_panel + attention_keys * args.width;
  T* p = value_panel + attention_keys * args.value_width;
  T* ds = p + attention_keys * attention_grad_queries;
  T* delta = ds + attention_keys * attention_grad_queries;
  T* key_copy = delta + attention_keys * row_lanes;
  T* query_copy = key_copy + attention_keys * attention_round(args.width);
  T* g_copy = query_copy + attention_keys * attention_round(args.width);
  const bool ahead = args.queries <= short_sequence && args.keys <= short_sequence;
  for (int64_t task = begin; task < end; ++task) {
    const int64_t member = task % members, at = task / members;
    const int64_t next = ahead && member + 1 < members ? member + 1 : -1;
    Backward<T> b{{},
                  args,
                  member / args.heads,
                  member % args.heads,
                  next < 0 ? -1 : next / args.heads,
                  next % args.heads,
                  part != AttentionGradPart::keys,
                  part != AttentionGradPart::queries,
                  key_panel,
                  value_panel,
                  p,
                  ds,
                  delta,
                  key_copy,
                  query_copy,
                  g_copy};
    switch (part) {
      case AttentionGradPart::head: b.run(0, args.queries, 0, args.keys); break;
      case AttentionGradPart::keys:
        b.run(0, args.queries, at * attention_keys, least((at + 1) * attention_keys, args.keys));
        break;
      case AttentionGradPart::queries:
        b.run(at * attention_grad_queries, least((at + 1) * attention_grad_queries, args.queries), 0, args.keys);
        break;
    }
  }
}

}  // namespace

void fill_attention_backward(LevelTable& t) {
  t.attention[static_cast<int>(DType::f32)].backward = &backward<float>;
  t.attention[static_cast<int>(DType::f64)].backward = &backward<double>;
}

}  // namespace nx::cpu::RAVEN_LEVEL
