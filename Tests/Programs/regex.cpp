// A regular expression matcher that simulates all states at once, so that no pattern makes it slow.
#include <bitset>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

struct State {
  enum Kind { set, split, accept } kind;
  std::bitset<256> characters;
  int next = -1, other = -1;
};

class Pattern {
  std::vector<State> states;
  std::string_view rest;
  int start = 0;
  bool valid = true;

  struct Fragment {
    int start;
    std::vector<std::pair<int, bool>> ends;
  };

  int add(State state) {
    states.push_back(state);
    return int(states.size()) - 1;
  }

  void connect(const Fragment &fragment, int target) {
    for (auto [state, other] : fragment.ends) (other ? states[size_t(state)].other : states[size_t(state)].next) = target;
  }

  Fragment empty() {
    int state = add({State::split, {}});
    return {state, {{state, false}}};
  }

  Fragment alternatives() {
    Fragment left = sequence();
    while (!rest.empty() && rest[0] == '|') {
      rest.remove_prefix(1);
      Fragment right = sequence();
      int state = add({State::split, {}, left.start, right.start});
      left.start = state;
      left.ends.insert(left.ends.end(), right.ends.begin(), right.ends.end());
    }
    return left;
  }

  Fragment sequence() {
    Fragment all = empty();
    while (!rest.empty() && rest[0] != '|' && rest[0] != ')') {
      Fragment part = repeated();
      connect(all, part.start);
      all.ends = part.ends;
    }
    return all;
  }

  Fragment repeated() {
    Fragment part = atom();
    while (!rest.empty() && (rest[0] == '*' || rest[0] == '+' || rest[0] == '?')) {
      char c = rest[0];
      rest.remove_prefix(1);
      int state = add({State::split, {}, part.start, -1});
      if (c != '?') connect(part, state);
      std::vector<std::pair<int, bool>> ends = {{state, true}};
      if (c == '?') ends.insert(ends.end(), part.ends.begin(), part.ends.end());
      part = {c == '+' ? part.start : state, ends};
    }
    return part;
  }

  Fragment atom() {
    std::bitset<256> characters;
    unsigned char c = (unsigned char)rest[0];
    rest.remove_prefix(1);
    if (c == '(') {
      Fragment inner = alternatives();
      if (rest.empty()) valid = false;
      else rest.remove_prefix(1);
      return inner;
    }
    if (c == '*' || c == '+' || c == '?') valid = false;
    if (c == '.') {
      characters.set();
    } else if (c == '[') {
      bool negated = !rest.empty() && rest[0] == '^';
      if (negated) rest.remove_prefix(1);
      while (!rest.empty() && rest[0] != ']') {
        unsigned char low = (unsigned char)rest[0], high = low;
        rest.remove_prefix(1);
        if (rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
          high = (unsigned char)rest[1];
          rest.remove_prefix(2);
        }
        for (unsigned v = low; v <= high; v++) characters.set(v);
      }
      if (rest.empty()) valid = false;
      else rest.remove_prefix(1);
      if (negated) characters.flip();
    } else {
      if (c == '\\' && !rest.empty()) {
        c = (unsigned char)rest[0];
        rest.remove_prefix(1);
      }
      characters.set(c);
    }
    int state = add({State::set, characters});
    return {state, {{state, false}}};
  }

  void enter(int state, std::vector<int> &list, std::vector<bool> &seen) const {
    std::vector<int> work = {state};
    while (!work.empty()) {
      int s = work.back();
      work.pop_back();
      if (s < 0 || seen[size_t(s)]) continue;
      seen[size_t(s)] = true;
      if (states[size_t(s)].kind == State::split) {
        work.push_back(states[size_t(s)].next);
        work.push_back(states[size_t(s)].other);
      } else {
        list.push_back(s);
      }
    }
  }

public:
  explicit Pattern(std::string_view text) : rest(text) {
    Fragment all = alternatives();
    if (!rest.empty()) valid = false;
    connect(all, add({State::accept, {}}));
    start = all.start;
  }

  bool isValid() const { return valid; }

  bool matches(std::string_view text) const {
    std::vector<int> list, next;
    std::vector<bool> seen(states.size());
    enter(start, list, seen);
    for (unsigned char c : text) {
      next.clear();
      seen.assign(states.size(), false);
      for (int s : list)
        if (states[size_t(s)].kind == State::set && states[size_t(s)].characters[c]) enter(states[size_t(s)].next, next, seen);
      list.swap(next);
    }
    for (int s : list)
      if (states[size_t(s)].kind == State::accept) return true;
    return false;
  }
};

int main() {
  struct {
    const char *pattern;
    std::vector<const char *> texts;
  } trials[] = {
      {"abc", {"abc", "ab", "abcd"}},
      {"a*b+c?", {"b", "aaabbbc", "c", "aac"}},
      {"(ab|cd)*e", {"e", "ababe", "abcde", "abce"}},
      {"[a-z]+@[a-z]+\\.(com|org)", {"me@here.org", "me@here.net", "@here.com"}},
      {"[^0-9]*", {"", "letters", "l3tters"}},
      {"(0|1(01*0)*1)*", {"0", "11", "110", "111", "1001", "10101", "11111111111"}},
      {"", {"", "x"}},
      {"(a|b", {"a"}},
      {"*a", {"a"}},
      {"[ab", {"a"}},
  };
  for (auto &trial : trials) {
    Pattern pattern(trial.pattern);
    std::printf("/%s/ %s:", trial.pattern, pattern.isValid() ? "is fine" : "is not valid");
    if (pattern.isValid())
      for (auto text : trial.texts) std::printf(" %s=%d", *text ? text : "(empty)", pattern.matches(text));
    std::printf("\n");
  }
  std::string hard, letters;
  for (int i = 0; i < 200; i++) hard += "a?";
  for (int i = 0; i < 200; i++) {
    hard += "a";
    letters += "a";
  }
  Pattern slow(hard);
  std::printf("hard: %d %d\n", slow.matches(letters), slow.matches(letters.substr(1)));
}
