// strftime with English names, whatever the locale: the directives of C and of Linux, as Python's datetime gives them.
#include <algorithm>
#include <charconv>

#include "raven/brot/template/internal/engine.hpp"

namespace brot::jinja {

namespace {

constexpr std::string_view days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};

int days_of(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 366 : 365; }

struct IsoWeek {
  int64_t year;
  int week;
};
IsoWeek iso_week(const Moment& moment) {
  const std::tm& t = moment.fields;
  const int64_t year = int64_t(t.tm_year) + 1900;
  const int since_monday = (t.tm_wday + 6) % 7;
  // Week 1 holds the year's first Thursday, which is day `thursday` of the year.
  const int thursday = t.tm_yday - since_monday + 3;
  if (thursday < 0) return {year - 1, (thursday + days_of(year - 1)) / 7 + 1};
  if (thursday >= days_of(year)) return {year + 1, 1};
  return {year, thursday / 7 + 1};
}

/// One directive with its flags: `-` no padding, `_` spaces, `0` zeros, `^` upper case, `#` the other case.
struct Directive {
  char padding = 0;
  bool upper = false, swap = false;
  size_t width = 0;

  std::string number(int64_t value, size_t digits, char fill = '0') const {
    std::string text = std::to_string(value < 0 ? -value : value);
    const char used = padding == '_' ? ' ' : padding == '0' ? '0' : fill;
    const size_t wanted = padding == '-' ? 0 : std::max(digits, width);
    if (text.size() < wanted) text.insert(0, wanted - text.size(), used);
    return value < 0 ? "-" + text : text;
  }
  std::string text(std::string_view value, bool swaps_to_lower = false) const {
    std::string out(value);
    for (char& c : out) {
      if ((upper || (swap && !swaps_to_lower)) && c >= 'a' && c <= 'z') c = char(c - 32);
      if (swap && swaps_to_lower && c >= 'A' && c <= 'Z') c = char(c + 32);
    }
    if (out.size() < width) out.insert(0, width - out.size(), padding == '0' ? '0' : ' ');
    return out;
  }
};

std::optional<std::string> directive(const Moment& moment, char letter, const Directive& as) {
  const std::tm& t = moment.fields;
  const int64_t year = int64_t(t.tm_year) + 1900;
  const int hour12 = t.tm_hour % 12 == 0 ? 12 : t.tm_hour % 12;
  const std::string_view day = days[size_t(t.tm_wday)], month = months[size_t(t.tm_mon)];
  const auto compound = [&](std::string_view format) { return as.text(format_time(moment, format)); };
  switch (letter) {
    case 'a': return as.text(day.substr(0, 3));
    case 'A': return as.text(day);
    case 'b':
    case 'h': return as.text(month.substr(0, 3));
    case 'B': return as.text(month);
    case 'c': return compound("%a %b %e %H:%M:%S %Y");
    case 'C': return as.number(year / 100, 2);
    case 'd': return as.number(t.tm_mday, 2);
    case 'D':
    case 'x': return compound("%m/%d/%y");
    case 'e': return as.number(t.tm_mday, 2, ' ');
    case 'f': return Directive{}.number(moment.microseconds, 6);
    case 'F': return compound("%Y-%m-%d");
    case 'g': return as.number(iso_week(moment).year % 100, 2);
    case 'G': return as.number(iso_week(moment).year, 4);
    case 'H': return as.number(t.tm_hour, 2);
    case 'I': return as.number(hour12, 2);
    case 'j': return as.number(t.tm_yday + 1, 3);
    case 'k': return as.number(t.tm_hour, 2, ' ');
    case 'l': return as.number(hour12, 2, ' ');
    case 'm': return as.number(t.tm_mon + 1, 2);
    case 'M': return as.number(t.tm_min, 2);
    case 'n': return as.text("\n");
    case 'p': return as.text(t.tm_hour < 12 ? "AM" : "PM", true);
    case 'P': return as.text(t.tm_hour < 12 ? "am" : "pm");
    case 'r': return compound("%I:%M:%S %p");
    case 'R': return compound("%H:%M");
    case 's': return as.number(moment.seconds, 1);
    case 'S': return as.number(t.tm_sec, 2);
    case 't': return as.text("\t");
    case 'T':
    case 'X': return compound("%H:%M:%S");
    case 'u': return as.number(t.tm_wday == 0 ? 7 : t.tm_wday, 1);
    case 'U': return as.number((t.tm_yday + 7 - t.tm_wday) / 7, 2);
    case 'V': return as.number(iso_week(moment).week, 2);
    case 'w': return as.number(t.tm_wday, 1);
    case 'W': return as.number((t.tm_yday + 7 - (t.tm_wday + 6) % 7) / 7, 2);
    case 'y': return as.number(year % 100, 2);
    case 'Y': return as.number(year, 4);
    case 'z':
    case 'Z': return "";  // a time without a zone
    case '%': return "%";
    default: return std::nullopt;
  }
}

}  // namespace

Moment Moment::at(int64_t seconds) {
  Moment moment{seconds, 0, {}};
  const std::time_t time = seconds;
  gmtime_r(&time, &moment.fields);
  return moment;
}

Moment Moment::of_clock() {
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  Moment moment{now.tv_sec, now.tv_nsec / 1000, {}};
  localtime_r(&now.tv_sec, &moment.fields);
  return moment;
}

std::string format_time(const Moment& moment, std::string_view format) {
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    size_t at = i + 1;
    Directive as;
    for (; at < format.size(); ++at) {
      const char flag = format[at];
      if (flag == '-' || flag == '_' || flag == '0') {
        as.padding = flag;
      } else if (flag == '^') {
        as.upper = true;
      } else if (flag == '#') {
        as.swap = true;
      } else {
        break;
      }
    }
    for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
      as.width = std::min<size_t>(as.width * 10 + size_t(format[at] - '0'), 1000);
    if (at + 1 < format.size() && (format[at] == 'E' || format[at] == 'O'))
      ++at;  // the locale's own form: there is none
    const auto text = at < format.size() ? directive(moment, format[at], as) : std::nullopt;
    if (text) {
      out += *text;
      i = at;
    } else {
      out += '%';  // unknown directives stay as they are
    }
  }
  return out;
}

}  // namespace brot::jinja
