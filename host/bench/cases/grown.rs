//! Random cut trees, grown as a guest would grow them. The guest that is timed compiles this file, too: both score the same forest.

/// Columns of the sample.
pub(super) const COLUMNS: usize = 10;

/// Rows of the sample that each tree is grown on.
const SAMPLE: usize = 256;

/// Trees as the kernels take them: one entry for each node, trees one after the other.
#[derive(Default)]
pub(super) struct Grown {
    pub(super) roots: Vec<i32>,
    pub(super) features: Vec<i32>,
    pub(super) thresholds: Vec<f32>,
    pub(super) children: Vec<i32>,
    pub(super) counts: Vec<i32>,
    pub(super) bounds: Vec<f32>,
    state: u64,
}

impl Grown {
    /// So many trees, each over uniform numbers in [0, 1) of its own, cut at most `depth` times one below the other.
    pub(super) fn new(trees: usize, depth: usize) -> Grown {
        let mut grown = Grown { state: 1, ..Grown::default() };
        for _ in 0..trees {
            let mut rows: Vec<[f32; COLUMNS]> = (0..SAMPLE).map(|_| [(); COLUMNS].map(|()| grown.draw())).collect();
            grown.roots.push(grown.features.len() as i32);
            grown.add(&mut rows, depth);
        }
        grown
    }

    /// A number in [0, 1): xorshift64 by Marsaglia.
    fn draw(&mut self) -> f32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 40) as f32 / (1 << 24) as f32
    }

    /// Adds the node over these rows and all below it. Answers its position.
    fn add(&mut self, rows: &mut [[f32; COLUMNS]], depth: usize) -> i32 {
        let at = self.features.len();
        let (mut low, mut high) = (rows[0], rows[0]);
        for row in rows.iter() {
            for column in 0..COLUMNS {
                low[column] = low[column].min(row[column]);
                high[column] = high[column].max(row[column]);
            }
        }
        self.features.push(-1);
        self.thresholds.push(0.0);
        self.children.extend([0, 0]);
        self.counts.push(rows.len() as i32);
        self.bounds.extend(low.into_iter().chain(high));
        if let Some((column, threshold)) = self.cut(&low, &high).filter(|_| depth > 0) {
            rows.sort_unstable_by(|a, b| a[column].total_cmp(&b[column]));
            let (left, right) = rows.split_at_mut(rows.partition_point(|row| row[column] <= threshold));
            self.features[at] = column as i32;
            self.thresholds[at] = threshold;
            self.children[2 * at] = self.add(left, depth - 1);
            self.children[2 * at + 1] = self.add(right, depth - 1);
        }
        at as i32
    }

    /// A column, drawn in proportion to the sides of the box, and a place on that side with rows on both sides of it.
    fn cut(&mut self, low: &[f32; COLUMNS], high: &[f32; COLUMNS]) -> Option<(usize, f32)> {
        let sides = || low.iter().zip(high).map(|(low, high)| high - low);
        let mut place = self.draw() * sides().sum::<f32>();
        let column = sides().position(|side| {
            place -= side;
            place < 0.0
        })?;
        let threshold = high[column] + place;
        Some((column, if (low[column]..high[column]).contains(&threshold) { threshold } else { low[column] }))
    }
}
