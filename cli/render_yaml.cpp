// The YAML that people write: block style, lists indented below their key, plain text where it
// reads back as the same text, literal blocks for several lines (YAML 1.2.2, chapters 7 and 8).
#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "cli/render.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What YAML 1.1 or 1.2 readers take for something other than text.
bool is_word_of_yaml(std::string text) {
  static constexpr std::array<std::string_view, 10> kWords{"true", "false", "yes", "no", "on",
                                                           "off",  "null",  "y",   "n",  "nan"};
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

// Text that needs no quotes: starts with a letter or `/`, so it is no number, time or indicator.
bool is_plain(std::string_view text) {
  if (text.empty() || !(is_letter(text.front()) || text.front() == '/')) return false;
  if (text.back() == ' ' || text.back() == ':' || is_word_of_yaml(std::string(text))) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':' && text[i + 1] == ' ') return false;
    if (!is_letter(c) && !is_digit(c) &&
        std::string_view(" ./_-:+@()`;").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// Literal blocks keep their lines as they are, so they hold only what a terminal may see.
bool fits_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.ends_with("\n\n")) return false;
  if (text.front() == ' ' || text.front() == '\n') return false;
  return schema::printable_lines(text, text.size()) == text &&
         text.find("\xEF\xBB\xBF") == std::string_view::npos &&
         text.find("\xE2\x80\xA8") == std::string_view::npos &&
         text.find("\xE2\x80\xA9") == std::string_view::npos &&
         text.find_first_not_of(" \n") != std::string_view::npos;
}

std::string quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // C1 controls
      out += {'\\', 'x', kHex[next >> 4], kHex[next & 15]};
      ++i;
    } else if (text.substr(i, 3) == "\xEF\xBB\xBF") {
      out += "\\ufeff";
      i += 2;
    } else if (text.substr(i, 3) == "\xE2\x80\xA8" || text.substr(i, 3) == "\xE2\x80\xA9") {
      out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string number_of(double value) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

class Emitter {
 public:
  // Behind `key:` or `-`, or at the start of the document.
  void value(const Value& value, std::size_t indent) {
    if (const Map* map = value.as_map(); map != nullptr && !map->empty()) {
      out_ += "\n";
      members(*map, indent);
    } else if (const Array* list = value.as_array(); list != nullptr && !list->empty()) {
      out_ += "\n";
      entries(*list, indent);
    } else {
      out_ += " " + scalar(value, indent) + "\n";
    }
  }

  void members(const Map& map, std::size_t indent) {
    for (std::size_t i = 0; i < map.size(); ++i) {
      // The first member of a list's entry stands behind its dash.
      if (i > 0 || !behind_dash_) out_.append(indent, ' ');
      behind_dash_ = false;
      out_ += (is_plain(map[i].key) ? map[i].key : quoted(map[i].key)) + ":";
      value(map[i].value, indent + 2);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void entries(const Array& list, std::size_t indent) {
    for (const Value& entry : list) {
      out_.append(indent, ' ');
      out_ += "-";
      const Map* map = entry.as_map();
      if (map == nullptr || map->empty()) {
        value(entry, indent + 2);
        continue;
      }
      out_ += " ";
      behind_dash_ = true;
      members(*map, indent + 2);
    }
  }

  static std::string block(std::string_view text, std::size_t indent) {
    std::string out = text.ends_with('\n') ? "|" : "|-";
    if (text.ends_with('\n')) text.remove_suffix(1);
    while (true) {
      const std::size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      out += "\n" + (line.empty() ? "" : std::string(indent, ' ') + std::string(line));
      if (end == std::string_view::npos) return out;
      text.remove_prefix(end + 1);
    }
  }

  static std::string text_of(const std::string& text, std::size_t indent) {
    if (is_plain(text)) return text;
    return fits_block(text) ? block(text, indent) : quoted(text);
  }

  static std::string scalar(const Value& value, std::size_t indent) {
    struct Visitor {
      std::size_t indent;
      std::string operator()(std::monostate) const { return "null"; }
      std::string operator()(bool v) const { return v ? "true" : "false"; }
      std::string operator()(std::int64_t v) const { return std::to_string(v); }
      std::string operator()(double v) const { return number_of(v); }
      std::string operator()(const std::string& v) const { return text_of(v, indent); }
      std::string operator()(const Plain& v) const { return text_of(v.text, indent); }
      std::string operator()(const Bytes& v) const { return to_base64(v.data); }
      std::string operator()(const Array&) const { return "[]"; }
      std::string operator()(const Map&) const { return "{}"; }
    };
    return std::visit(Visitor{indent}, value.data());
  }

  std::string out_;
  bool behind_dash_ = false;
};

}  // namespace

std::string to_yaml(const Value& value) {
  Emitter emitter;
  if (const Map* map = value.as_map(); map != nullptr && !map->empty()) {
    emitter.members(*map, 0);
    return emitter.take();
  }
  emitter.value(value, 0);
  std::string text = emitter.take();
  return text.substr(1);  // the space or line break behind a key that is not there
}

}  // namespace cara::cli
