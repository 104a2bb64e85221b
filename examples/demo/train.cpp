// The training loop: loss, gradient, update, and what a person wants to see meanwhile.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <initializer_list>

#include "demo.hpp"
#include "raven/base/file.hpp"
#include "raven/base/interrupt.hpp"
#include "raven/base/message.hpp"
#include "raven/base/terminal.hpp"
#include "raven/base/thread_pool.hpp"

namespace demo {

using kaun::models::Gpt;

namespace {

constexpr int64_t validate_every = 500;
constexpr int64_t validation_rows = 64;  // windows of one evaluation batch

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

nx::Array loss_of(const Gpt& model, const nx::Array& inputs, const nx::Array& targets) {
  const nx::Array logits = model(inputs);  // [B, T, V]
  return kaun::cross_entropy(logits.reshape({-1, model.config.vocab_size}), targets.reshape({-1}));
}

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// A path as a shell reads it.
std::string as_one_word(const std::string& path) {
  constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@";
  if (path.find_first_not_of(plain) == std::string::npos) return path;
  std::string word = "'";
  for (const char c : path) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

/// A folder where these files can be written, known before hours of training.
void prepare_folder(const std::string& folder, std::initializer_list<std::string> files) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) throw raven::IoError("demo", folder, errno);
  struct stat about;
  if (stat(folder.c_str(), &about) != 0) throw raven::IoError("demo", folder, errno);
  if (!S_ISDIR(about.st_mode)) throw raven::IoError("demo", folder, ENOTDIR);
  if (access(folder.c_str(), W_OK | X_OK) != 0) throw raven::IoError("demo", folder, errno);
  for (const std::string& file : files)
    if (stat(file.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) throw raven::IoError("demo", file, EISDIR);
}

/// What the run leaves behind, step by step; the last row is the validation after the last step.
class LossLog {
 public:
  void add(int64_t step, double train, double validation) {
    text_ += std::to_string(step) + "," + fixed(train, 6) + "," + (std::isnan(validation) ? "" : fixed(validation, 6)) +
             "\n";
  }
  void add_last(int64_t step, double validation) {
    text_ += std::to_string(step) + ",," + fixed(validation, 6) + "\n";
  }
  void save(const std::string& path) const { raven::write_atomic(path, "step,train_loss,val_loss\n" + text_, "demo"); }

 private:
  std::string text_;
};

}  // namespace

Gpt make_model(const kaun::data::CharVocabulary& vocabulary, uint64_t seed) {
  kaun::Rng rng(seed);
  return Gpt({.vocab_size = vocabulary.size(), .context = context, .width = width, .layers = layers, .heads = heads},
             rng);
}

vega::Transform make_optimizer(int64_t steps) {
  // Linear warm-up to 1e-3 over the first hundred steps, then a cosine to 1e-4.
  const int64_t warmup = std::min<int64_t>(100, std::max<int64_t>(1, steps / 2));
  const double peak = 1e-3;
  const vega::Schedule decay = vega::cosine_decay(peak, std::max<int64_t>(1, steps - warmup), 0.1);
  const vega::Schedule rise =
      warmup > 1 ? vega::linear(peak / static_cast<double>(warmup), peak, warmup - 1) : vega::Schedule(peak);
  return vega::chain(vega::clip_by_global_norm(1.0), vega::adamw({.lr = vega::join({rise, decay}, {warmup}),
                                                                  .b1 = 0.9,
                                                                  .b2 = 0.99,
                                                                  .weight_decay = 0.1,
                                                                  .decay_mask = vega::mask::ndim_ge(2)}));
}

double evaluate(const Gpt& model, const kaun::data::TokenDataset& data) {
  const raven::StepScope scope;
  double total = 0;
  const int64_t windows = data.window_count();
  for (int64_t first = 0; first < windows; first += validation_rows) {
    if (raven::interrupted()) return NAN;
    const int64_t rows = std::min(validation_rows, windows - first);
    const auto [inputs, targets] = data.consecutive_windows(first, rows);
    total += loss_of(model, inputs, targets).item<double>() * static_cast<double>(rows);
  }
  return total / static_cast<double>(windows);
}

int train(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const std::string text = load_text(options);
  const Text data = split_text(text);
  Gpt model = make_model(data.vocabulary, options.seed);
  const vega::Transform optimizer = make_optimizer(options.steps);
  auto state = optimizer.init(model);
  const auto step = [&](Gpt m, vega::State<Gpt> s, const nx::Array& inputs, const nx::Array& targets) {
    auto [loss, gradient] = rune::value_and_grad(loss_of)(m, inputs, targets);
    std::tie(m, s) = optimizer.update(std::move(gradient), std::move(s), std::move(m));
    return std::tuple{std::move(m), std::move(s), std::move(loss)};
  };
  const auto compiled_step = rune::jit(step, {.name = "train step"});
  const std::string checkpoint = options.out + "/gpt.safetensors", log_path = options.out + "/losses.csv";
  prepare_folder(options.out, {checkpoint, log_path});
  const raven::InterruptScope interrupts;
  std::fprintf(stderr, "%zu characters, vocabulary %lld, %lld parameters, %d threads\n", text.size(),
               static_cast<long long>(data.vocabulary.size()), static_cast<long long>(nx::tree::count_params(model)),
               raven::num_threads());

  LossLog log;
  double train_loss = NAN, validation_loss = NAN, training_seconds = 0;
  int64_t done = 0;
  {
    raven::term::Progress progress("train", options.steps);
    const nx::Array batches = nx::random::fold_in(nx::random::key(options.seed), 1);
    for (; done < options.steps && !raven::interrupted(); ++done) {
      const auto step_start = std::chrono::steady_clock::now();
      {
        const raven::StepScope scope;
        const auto [inputs, targets] = data.train.random_windows(nx::random::fold_in(batches, done), batch);
        nx::Array loss;
        std::tie(model, state, loss) = options.eager
                                           ? step(std::move(model), std::move(state), inputs, targets)
                                           : compiled_step(std::move(model), std::move(state), inputs, targets);
        train_loss = loss.item<double>();
      }
      training_seconds += seconds_since(step_start);
      const bool validate = (done + 1) % validate_every == 0 && done + 1 < options.steps;
      if (validate && !raven::interrupted()) validation_loss = evaluate(model, data.validation);
      log.add(done, train_loss, validate ? validation_loss : NAN);
      progress.update(done + 1,
                      "loss " + fixed(train_loss, 4) + "  val " +
                          (std::isnan(validation_loss) ? std::string("-") : fixed(validation_loss, 4)) + "  " +
                          fixed(static_cast<double>((done + 1) * batch * context) / training_seconds, 0) + " tokens/s");
      if (!std::isfinite(train_loss)) {
        log.save(log_path);
        throw nx::ValueError("demo", raven::Message("the loss is ") << train_loss << " at step " << done);
      }
    }
  }
  save_model(checkpoint, model, data.vocabulary);
  log.save(log_path);
  if (done == options.steps) validation_loss = evaluate(model, data.validation);
  const auto interrupted = [&] {
    print_line("interrupted after " + std::to_string(done) +
               " steps; the model is saved. Sample from it:\n  ./dev demo --sample " + as_one_word(checkpoint));
    return 130;
  };
  if (raven::interrupted()) return interrupted();
  log.add_last(done, validation_loss);
  log.save(log_path);
  try {
    print_line(write_text(model, data.vocabulary,
                          {.max_new_tokens = options.tokens,
                           .temperature = options.temperature,
                           .top_k = options.top_k,
                           .seed = options.seed}));
  } catch (const raven::Interrupted&) {
    return interrupted();
  }
  std::string mode = "mode=eager";
  if (!options.eager) {
    const rune::JitStats jit = compiled_step.stats();
    mode = "mode=jit compile_s=" + fixed((jit.trace_ms + jit.compile_ms) / 1000, 3) +
           " kernels=" + std::to_string(jit.kernels) + " externs=" + std::to_string(jit.externs);
  }
  print_line("demo gpt: steps=" + std::to_string(done) + " train_loss=" + fixed(train_loss, 4) +
             " val_loss=" + fixed(validation_loss, 4) +
             " tokens_per_s=" + fixed(static_cast<double>(done * batch * context) / training_seconds, 0) +
             " seconds=" + fixed(seconds_since(start), 1) + " checkpoint=" + checkpoint + " " + mode);
  return 0;
}

}  // namespace demo
