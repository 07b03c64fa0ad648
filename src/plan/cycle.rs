//! The shortest circle in a graph, so that a message names no more than it must.

use std::collections::VecDeque;

use petgraph::graph::DiGraph;

/// The shortest circle among `count` things, by their numbers, from the smallest on: each waits for the one before it.
pub(super) fn shortest(count: usize, edges: &[(usize, usize)]) -> Option<Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<_> = (0..count).map(|_| graph.add_node(())).collect();
    for (from, to) in edges {
        graph.update_edge(nodes[*from], nodes[*to], ());
    }
    let mut best: Option<Vec<usize>> = None;
    for group in petgraph::algo::tarjan_scc(&graph) {
        let start_alone = group.len() == 1 && graph.find_edge(group[0], group[0]).is_none();
        if start_alone {
            continue;
        }
        for start in group {
            let mut from = vec![None; count];
            let mut queue = VecDeque::from([start]);
            'search: while let Some(node) = queue.pop_front() {
                for next in graph.neighbors(node) {
                    if next == start {
                        let back = |n: &usize| from[*n];
                        let mut circle: Vec<usize> =
                            std::iter::successors(Some(node.index()), back).collect();
                        circle.reverse();
                        if best.as_ref().is_none_or(|b| circle.len() < b.len()) {
                            best = Some(circle);
                        }
                        break 'search;
                    }
                    if from[next.index()].is_none() {
                        from[next.index()] = Some(node.index());
                        queue.push_back(next);
                    }
                }
            }
        }
    }
    best.map(|mut circle| {
        let least = circle.iter().enumerate().min_by_key(|(_, n)| **n).map_or(0, |(i, _)| i);
        circle.rotate_left(least);
        circle
    })
}

#[cfg(test)]
mod tests {
    use super::shortest;

    #[test]
    fn the_shortest_circle_is_found() {
        assert_eq!(shortest(3, &[(0, 1), (1, 2)]), None);
        assert_eq!(shortest(2, &[(1, 1), (0, 1)]), Some(vec![1]));
        assert_eq!(shortest(5, &[(0, 1), (1, 2), (2, 3), (3, 0), (2, 1), (3, 4)]), Some(vec![1, 2]));
    }
}
