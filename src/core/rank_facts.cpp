#include "src/core/rank_facts.h"

#include <algorithm>
#include <map>

#include "src/core/text.h"

namespace dermatome {
namespace {

// Limits that keep a message readable on one line.
constexpr size_t kFactsNamed = 12;
constexpr size_t kRanksNamed = 8;
constexpr size_t kKindsNamed = 3;
constexpr size_t kLongestValue = 100;

constexpr char kEnd = '\0';  // ends each text of a fact while it is exchanged

std::vector<RankFact> from_text(const std::string& text) {
  std::vector<RankFact> facts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t middle = text.find(kEnd, begin);
    const size_t end = text.find(kEnd, middle + 1);
    facts.push_back({text.substr(begin + 1, middle - begin - 1),
                     text.substr(middle + 1, end - middle - 1), text[begin] == '+'});
    begin = end + 1;
  }
  return facts;
}

const RankFact* find(const std::vector<RankFact>& facts, const std::string& what) {
  const auto found = std::ranges::find(facts, what, &RankFact::what);
  return found == facts.end() ? nullptr : &*found;
}

std::string shown_value(const RankFact* fact) {
  if (fact == nullptr) return "missing";
  if (fact->value.size() <= kLongestValue) return fact->value;
  return fact->value.substr(0, kLongestValue) + "...";
}

std::string difference(const RankFact* own, const RankFact* other) {
  const RankFact& known = own != nullptr ? *own : *other;
  const bool both = own != nullptr && other != nullptr;
  if (both && !known.is_shown) return known.what;
  if (both) return known.what + " (" + shown_value(own) + ", not " + shown_value(other) + ")";
  return known.what + (own == nullptr ? " (which it does not have)" : " (which only it has)");
}

// "a, b and 3 more": the first `most` items, and how many follow.
std::string listed(const std::vector<std::string>& items, size_t most) {
  std::string list;
  for (size_t i = 0; i < std::min(items.size(), most); ++i) {
    list += (i == 0 ? "" : ", ") + items[i];
  }
  if (items.size() > most) list += text(" and ", items.size() - most, " more");
  return list;
}

// "seed (2, not 1), batch_size (8, not 12)"; empty: the facts are the same.
std::string differences(const std::vector<RankFact>& own, const std::vector<RankFact>& other) {
  std::vector<std::string> found;
  for (const RankFact& fact : own) {
    const RankFact* same = find(other, fact.what);
    if (same == nullptr || same->value != fact.value) found.push_back(difference(&fact, same));
  }
  for (const RankFact& fact : other) {
    if (find(own, fact.what) == nullptr) found.push_back(difference(nullptr, &fact));
  }
  return listed(found, kFactsNamed);
}

// "rank 2 differs", "ranks 1, 3 differ"
std::string name_ranks(const std::vector<std::string>& ranks) {
  if (ranks.size() == 1) return "rank " + ranks.front() + " differs";
  return "ranks " + listed(ranks, kRanksNamed) + " differ";
}

}  // namespace

std::string to_text(const std::vector<RankFact>& facts) {
  std::string text;
  for (const RankFact& fact : facts) {
    text += (fact.is_shown ? '+' : '-') + fact.what + kEnd + fact.value + kEnd;
  }
  return text;
}

std::string list_value(const std::vector<std::string>& items) {
  return text("[", listed(items, items.size()), "]");
}

std::string describe_differences(const std::vector<std::string>& texts) {
  const std::vector<RankFact> reference = from_text(texts.front());
  std::vector<std::string> kinds;  // of differences, in the order of their first ranks
  std::map<std::string, std::vector<std::string>> ranks;  // of each kind
  for (size_t rank = 1; rank < texts.size(); ++rank) {
    if (texts[rank] == texts.front()) continue;
    std::string kind = differences(from_text(texts[rank]), reference);
    if (kind.empty()) kind = "the order of what is compared";
    if (!ranks.contains(kind)) kinds.push_back(kind);
    ranks[kind].push_back(text(rank));
  }
  std::string message;
  for (size_t i = 0; i < std::min(kinds.size(), kKindsNamed); ++i) {
    message += (message.empty() ? "" : "; ") + name_ranks(ranks.at(kinds[i])) +
               " from rank 0 in: " + kinds[i];
  }
  if (kinds.size() > kKindsNamed) message += "; other ranks differ too";
  return message;
}

}  // namespace dermatome
