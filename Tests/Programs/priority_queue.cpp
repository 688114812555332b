// Shortest paths on a grid with a priority queue, once with our heap and once with the library's.
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <queue>
#include <utility>
#include <vector>

constexpr int size = 300;

struct Heap {
  std::vector<std::pair<uint32_t, int>> items;

  void push(std::pair<uint32_t, int> item) {
    size_t i = items.size();
    items.push_back(item);
    for (; i && items[(i - 1) / 2] > item; i = (i - 1) / 2) items[i] = items[(i - 1) / 2];
    items[i] = item;
  }

  std::pair<uint32_t, int> pop() {
    auto top = items.front(), last = items.back();
    items.pop_back();
    size_t i = 0, n = items.size();
    while (n) {
      size_t child = 2 * i + 1;
      if (child >= n) break;
      if (child + 1 < n && items[child + 1] < items[child]) child++;
      if (last <= items[child]) break;
      items[i] = items[child];
      i = child;
    }
    if (n) items[i] = last;
    return top;
  }

  bool empty() const { return items.empty(); }
};

struct Library {
  std::priority_queue<std::pair<uint32_t, int>, std::vector<std::pair<uint32_t, int>>, std::greater<>> queue;
  void push(std::pair<uint32_t, int> item) { queue.push(item); }
  std::pair<uint32_t, int> pop() {
    auto top = queue.top();
    queue.pop();
    return top;
  }
  bool empty() const { return queue.empty(); }
};

template <class Queue> std::vector<uint32_t> distances(const std::vector<uint8_t> &cost) {
  std::vector<uint32_t> distance(size * size, UINT32_MAX);
  Queue queue;
  distance[0] = 0;
  queue.push({0, 0});
  while (!queue.empty()) {
    auto [d, cell] = queue.pop();
    if (d > distance[size_t(cell)]) continue;
    int x = cell % size, y = cell / size;
    const int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    for (auto &step : steps) {
      int nx = x + step[0], ny = y + step[1];
      if (nx < 0 || ny < 0 || nx >= size || ny >= size) continue;
      size_t next = size_t(ny * size + nx);
      uint32_t candidate = d + cost[next];
      if (candidate < distance[next]) {
        distance[next] = candidate;
        queue.push({candidate, int(next)});
      }
    }
  }
  return distance;
}

int main() {
  std::vector<uint8_t> cost(size * size);
  uint32_t state = 7;
  for (auto &c : cost) c = uint8_t(1 + ((state = state * 1103515245 + 12345) >> 16) % 9);
  auto ours = distances<Heap>(cost), theirs = distances<Library>(cost);
  std::printf("to the far corner: %u, the same: %d\n", ours.back(), ours == theirs);
  std::map<uint32_t, int> histogram;
  for (auto d : ours) histogram[d / 100]++;
  for (auto &[bucket, count] : histogram) std::printf("%u-%u: %d\n", bucket * 100, bucket * 100 + 99, count);
}
