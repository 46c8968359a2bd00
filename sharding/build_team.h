// The processes that build a data set together.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

class BuildTeam {
 public:
  virtual ~BuildTeam() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // The `text` of every process, by rank. All processes call this equally often; throws
  // CommunicationError when one does not.
  virtual std::vector<std::string> exchange(const std::string& text) = 0;
};

// One process alone.
class LoneBuilder : public BuildTeam {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::vector<std::string> exchange(const std::string& text) override { return {text}; }
};

}  // namespace dermatome
