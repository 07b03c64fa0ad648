//! What may start now: counters over the graph's edges, and nothing else.
//!
//! Pure. Knows neither failure nor time: every (step, host) that becomes ready is given out once and must be finished once,
//! however it ended. Steps are numbered through the whole run; a fragment's steps follow each other.

use std::collections::VecDeque;

use crate::plan::Order;

/// A step's number in the run: its index in its fragment plus the fragment's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepNo(pub u32);

/// A host's number in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostNo(pub u32);

impl HostNo {
    /// The host that plays run on before they have hosts: the controller itself.
    pub const CONTROL: HostNo = HostNo(u32::MAX);
}

impl StepNo {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// The shape of a fragment: what the queue needs to know of it.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// All hosts of the fragment, in the order in which they are given out.
    pub hosts: Vec<HostNo>,
    /// The hosts of each step, a subset. A host that a step has not is passed through it, so that order stays transitive.
    pub steps: Vec<Vec<HostNo>>,
    /// From, to (indices of `steps`) and how.
    pub edges: Vec<(u32, u32, Order)>,
}

/// Where a fragment is spliced in. Edges between fragments count for the hosts that both have.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The fragment's roots wait for these.
    pub after: Vec<(StepNo, Order)>,
    /// This one waits for the fragment's leaves; none of the hosts concerned may have reached it.
    pub before: Option<(StepNo, Order)>,
}

/// The hosts that some steps share; a host's position in it is its column in their counters.
#[derive(Debug)]
struct Columns {
    hosts: Vec<HostNo>,
    /// Sorted by host.
    positions: Vec<(HostNo, u32)>,
}

impl Columns {
    fn new(hosts: Vec<HostNo>) -> Self {
        let mut positions: Vec<_> = hosts.iter().copied().zip(0..).collect();
        positions.sort_unstable();
        Self { hosts, positions }
    }

    fn position(&self, host: HostNo) -> Option<usize> {
        let found = self.positions.binary_search_by_key(&host, |(h, _)| *h).ok()?;
        Some(self.positions[found].1 as usize)
    }
}

#[derive(Debug)]
struct Row {
    /// Index of its fragment's columns.
    columns: u32,
    /// Its first cell.
    first: usize,
    /// Cells that are not finished.
    left: u32,
    /// Barriers in front of it that are still closed. While there are any, each cell waits for one thing more.
    closed: u32,
    next: Vec<(StepNo, Order)>,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    waits: u32,
    /// Whether the host does the step, or only passes through.
    present: bool,
    /// Given out, or passed through.
    released: bool,
    finished: bool,
}

/// Counters per step and per (step, host).
#[derive(Debug, Default)]
pub struct Queue {
    columns: Vec<Columns>,
    rows: Vec<Row>,
    cells: Vec<Cell>,
    ready: VecDeque<(StepNo, HostNo)>,
    open: usize,
}

impl Queue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fragment and gives the number of its first step. What can start at once is ready afterwards.
    pub fn add(&mut self, shape: Shape, place: &Place) -> StepNo {
        let offset = narrow(self.rows.len());
        let columns = narrow(self.columns.len());
        self.columns.push(Columns::new(shape.hosts));
        let width = self.columns[columns as usize].hosts.len();
        let mut is_root = vec![true; shape.steps.len()];
        let mut is_leaf = vec![true; shape.steps.len()];
        for hosts in &shape.steps {
            let first = self.cells.len();
            let absent = Cell { waits: 0, present: false, released: false, finished: false };
            self.cells.resize(first + width, absent);
            for host in hosts {
                if let Some(position) = self.columns[columns as usize].position(*host) {
                    self.open += usize::from(!self.cells[first + position].present);
                    self.cells[first + position].present = true;
                }
            }
            self.rows.push(Row { columns, first, left: narrow(width), closed: 0, next: Vec::new() });
        }
        for (from, to, order) in shape.edges {
            is_leaf[from as usize] = false;
            is_root[to as usize] = false;
            self.link(StepNo(offset + from), StepNo(offset + to), order);
        }
        for step in (0..narrow(shape.steps.len())).map(|i| (i as usize, StepNo(offset + i))) {
            if is_root[step.0] {
                place.after.iter().for_each(|(from, order)| self.link(*from, step.1, *order));
            }
            if is_leaf[step.0]
                && let Some((to, order)) = place.before
            {
                self.link(step.1, to, order);
            }
        }
        for row in offset as usize..self.rows.len() {
            for position in 0..width {
                self.release(row, position);
            }
        }
        StepNo(offset)
    }

    /// Adds an edge whose end nobody has reached yet.
    fn link(&mut self, from: StepNo, to: StepNo, order: Order) {
        let (from_row, to_row) = (from.index(), to.index());
        match order {
            Order::PerHost => {
                let columns = &self.columns[self.rows[to_row].columns as usize];
                for (position, host) in columns.hosts.iter().enumerate() {
                    let Some(cell) = self.cell(from, *host) else { continue };
                    if !self.cells[cell].finished {
                        let waiting = &mut self.cells[self.rows[to_row].first + position];
                        debug_assert!(!waiting.released, "an edge to a step that has started");
                        waiting.waits += 1;
                    }
                }
            }
            Order::Barrier => {
                if self.rows[from_row].left == 0 {
                    return;
                }
                let row = &mut self.rows[to_row];
                row.closed += 1;
                if row.closed == 1 {
                    let width = self.columns[row.columns as usize].hosts.len();
                    self.cells[row.first..row.first + width].iter_mut().for_each(|c| c.waits += 1);
                }
            }
        }
        self.rows[from_row].next.push((to, order));
    }

    fn cell(&self, step: StepNo, host: HostNo) -> Option<usize> {
        let row = &self.rows[step.index()];
        Some(row.first + self.columns[row.columns as usize].position(host)?)
    }

    /// The next (step, host) that may start.
    pub fn pop(&mut self) -> Option<(StepNo, HostNo)> {
        self.ready.pop_front()
    }

    /// Whether a host has come to a step.
    pub fn is_released(&self, step: StepNo, host: HostNo) -> bool {
        self.cell(step, host).is_some_and(|cell| self.cells[cell].released)
    }

    /// Whether there is one that may start.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether every (step, host) has been finished.
    pub fn is_done(&self) -> bool {
        self.open == 0
    }

    /// How many (step, host) are not finished.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Says that a step ended on a host; once for every pair that [`Queue::pop`] gave. A second time changes nothing.
    pub fn finish(&mut self, step: StepNo, host: HostNo) {
        let Some(cell) = self.cell(step, host) else { return };
        if self.cells[cell].finished || !self.cells[cell].released {
            debug_assert!(self.cells[cell].finished, "finished before it was ready");
            return;
        }
        let position = cell - self.rows[step.index()].first;
        self.complete(step.index(), position);
    }

    /// Gives a cell out if it waits for nothing; passes through the cells that do nothing.
    fn release(&mut self, row: usize, position: usize) {
        let cell = &mut self.cells[self.rows[row].first + position];
        if cell.waits > 0 || cell.released {
            return;
        }
        cell.released = true;
        if cell.present {
            let host = self.columns[self.rows[row].columns as usize].hosts[position];
            self.ready.push_back((StepNo(narrow(row)), host));
        } else {
            self.complete(row, position);
        }
    }

    fn complete(&mut self, row: usize, position: usize) {
        // Without recursion: a long chain of pass-throughs must not use up the stack.
        let mut work = Vec::new();
        let mut next = Some((row, position));
        while let Some((row, position)) = next {
            let columns = self.rows[row].columns;
            let host = self.columns[columns as usize].hosts[position];
            let cell = &mut self.cells[self.rows[row].first + position];
            cell.finished = true;
            self.open -= usize::from(cell.present);
            self.rows[row].left -= 1;
            let opens = self.rows[row].left == 0;
            let edges = std::mem::take(&mut self.rows[row].next);
            for (to, order) in &edges {
                let to_row = to.index();
                match order {
                    Order::PerHost if self.rows[to_row].columns == columns => {
                        self.satisfy(to_row, position, &mut work);
                    }
                    Order::PerHost => {
                        let there = self.columns[self.rows[to_row].columns as usize].position(host);
                        if let Some(there) = there {
                            self.satisfy(to_row, there, &mut work);
                        }
                    }
                    Order::Barrier if opens => {
                        self.rows[to_row].closed -= 1;
                        if self.rows[to_row].closed == 0 {
                            let width = self.columns[self.rows[to_row].columns as usize].hosts.len();
                            (0..width).for_each(|p| self.satisfy(to_row, p, &mut work));
                        }
                    }
                    Order::Barrier => {}
                }
            }
            self.rows[row].next = edges;
            next = work.pop();
        }
    }

    fn satisfy(&mut self, row: usize, position: usize, work: &mut Vec<(usize, usize)>) {
        let cell = &mut self.cells[self.rows[row].first + position];
        cell.waits -= 1;
        if cell.waits > 0 {
            return;
        }
        cell.released = true;
        if cell.present {
            let host = self.columns[self.rows[row].columns as usize].hosts[position];
            self.ready.push_back((StepNo(narrow(row)), host));
        } else {
            work.push((row, position));
        }
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2^32 steps and hosts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Order::{Barrier, PerHost};

    fn hosts(numbers: &[u32]) -> Vec<HostNo> {
        numbers.iter().copied().map(HostNo).collect()
    }

    fn ready(queue: &mut Queue) -> Vec<(u32, u32)> {
        std::iter::from_fn(|| queue.pop()).map(|(s, h)| (s.0, h.0)).collect()
    }

    #[test]
    fn a_barrier_waits_for_all_and_per_host_for_one() {
        let all = hosts(&[0, 1]);
        let mut queue = Queue::new();
        let edges = vec![(0, 1, PerHost), (1, 2, Barrier)];
        queue.add(Shape { hosts: all.clone(), steps: vec![all; 3], edges }, &Place::default());
        assert_eq!(ready(&mut queue), [(0, 0), (0, 1)]);
        queue.finish(StepNo(0), HostNo(1));
        assert_eq!(ready(&mut queue), [(1, 1)]);
        queue.finish(StepNo(1), HostNo(1));
        queue.finish(StepNo(0), HostNo(0));
        assert_eq!(ready(&mut queue), [(1, 0)]);
        queue.finish(StepNo(1), HostNo(0));
        assert_eq!(ready(&mut queue), [(2, 0), (2, 1)]);
    }

    #[test]
    fn a_host_that_a_step_has_not_passes_through_in_order() {
        let mut queue = Queue::new();
        let steps = vec![hosts(&[0, 1]), hosts(&[0]), hosts(&[0, 1])];
        let edges = vec![(0, 1, PerHost), (1, 2, PerHost)];
        queue.add(Shape { hosts: hosts(&[0, 1]), steps, edges }, &Place::default());
        assert_eq!(ready(&mut queue), [(0, 0), (0, 1)]);
        queue.finish(StepNo(0), HostNo(1));
        assert_eq!(ready(&mut queue), [(2, 1)]);
    }

    #[test]
    fn a_fragment_runs_between_its_expand_and_its_join() {
        let all = hosts(&[0, 1]);
        let mut queue = Queue::new();
        let shape = Shape { hosts: all.clone(), steps: vec![all; 2], edges: vec![(0, 1, PerHost)] };
        queue.add(shape, &Place::default());
        ready(&mut queue);
        let place = Place { after: vec![(StepNo(0), PerHost)], before: Some((StepNo(1), PerHost)) };
        let one = hosts(&[1]);
        queue.add(Shape { hosts: one.clone(), steps: vec![one], edges: vec![] }, &place);
        assert_eq!(ready(&mut queue), []);
        queue.finish(StepNo(0), HostNo(0));
        queue.finish(StepNo(0), HostNo(1));
        assert_eq!(ready(&mut queue), [(1, 0), (2, 1)]);
        queue.finish(StepNo(2), HostNo(1));
        assert_eq!(ready(&mut queue), [(1, 1)]);
    }

    #[test]
    fn a_play_runs_between_steps_of_the_controller() {
        let control = vec![HostNo::CONTROL];
        let mut queue = Queue::new();
        let edges = vec![(0, 1, PerHost)];
        queue.add(
            Shape { hosts: control.clone(), steps: vec![control.clone(), control], edges },
            &Place::default(),
        );
        ready(&mut queue);
        let place = Place { after: vec![(StepNo(0), Barrier)], before: Some((StepNo(1), Barrier)) };
        queue.add(Shape { hosts: hosts(&[0, 1]), steps: vec![hosts(&[0, 1])], edges: vec![] }, &place);
        queue.finish(StepNo(0), HostNo::CONTROL);
        assert_eq!(ready(&mut queue), [(2, 0), (2, 1)]);
        queue.finish(StepNo(2), HostNo(0));
        assert_eq!(ready(&mut queue), []);
        queue.finish(StepNo(2), HostNo(1));
        assert_eq!(ready(&mut queue), [(1, u32::MAX)]);
        queue.finish(StepNo(1), HostNo::CONTROL);
        assert!(queue.is_done());
    }
}
