//! A comparison as a document: to read, to print, to present, to calculate with. What it says is settled here, once; each format only writes it.

mod csv;
mod html;
mod markdown;
mod pdf;

use chrono::{DateTime, Utc};
use shared::comparison::{Better, Unit, Wish};

use super::{
    Comparison, ComparisonError, Focus, Pair, Tone,
    words::{number, p_value, percent},
};
use crate::{access::Scope, fault::Fault};

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Html,
    Markdown,
    Csv,
    Pdf,
}

impl Format {
    /// Reads the end of a file's name.
    ///
    /// # Errors
    /// [`ComparisonError::Format`].
    pub fn parse(text: &str) -> Result<Self, ComparisonError> {
        match text {
            "html" => Ok(Self::Html),
            "md" => Ok(Self::Markdown),
            "csv" => Ok(Self::Csv),
            "pdf" => Ok(Self::Pdf),
            _ => Err(ComparisonError::Format),
        }
    }

    /// The end of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Csv => "csv",
            Self::Pdf => "pdf",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }
}

/// What a report says.
struct Document {
    title: String,
    /// One line under the title.
    facts: String,
    /// The page that shows it alive.
    link: String,
    insights: Vec<(Tone, String)>,
    figure: Option<Figure>,
    tables: Vec<Table>,
    method: String,
}

struct Table {
    title: String,
    head: Vec<&'static str>,
    /// Widths of the columns in relation to each other.
    widths: Vec<f64>,
    rows: Vec<Vec<String>>,
}

/// A box for each group: its least value, quartiles and greatest value, and its mean.
struct Figure {
    title: String,
    boxes: Vec<Box>,
    low: f64,
    high: f64,
}

struct Box {
    name: String,
    ends: [f64; 5],
    mean: f64,
}

impl Figure {
    /// Where a value stands between the least and the greatest, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        if self.high > self.low { (value - self.low) / (self.high - self.low) } else { 0.5 }
    }
}

/// Compares and writes the report. `origin` is the address of this site.
///
/// # Errors
/// As [`super::compare`].
pub async fn report(scope: &Scope, wish: &Wish, format: Format, origin: &str) -> Result<Vec<u8>, Fault> {
    let comparison = super::compare(scope, wish).await?;
    if format == Format::Csv {
        return Ok(csv::write(&comparison).into_bytes());
    }
    let document = document(&comparison, wish, scope.now(), format!("{origin}{}", wish.address()));
    Ok(match format {
        Format::Html => html::write(&document).into_bytes(),
        Format::Markdown => markdown::write(&document).into_bytes(),
        _ => pdf::write(&document),
    })
}

fn document(comparison: &Comparison, wish: &Wish, now: DateTime<Utc>, link: String) -> Document {
    let names: Vec<&str> = comparison.groups.iter().map(|group| group.name.as_str()).take(3).collect();
    let more = comparison.groups.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let runs: usize = comparison.groups.iter().map(|group| group.runs).sum();
    let unit = if wish.unit == Unit::Setup { "each setup counts once, as the mean of its seeds" } else { "each run counts once" };
    let mut tables = vec![groups(comparison)];
    if let Some(focus) = &comparison.focus {
        tables.push(pairs(comparison, focus));
    }
    tables.push(metrics(comparison));
    tables.push(params(comparison));
    tables.retain(|table| !table.rows.is_empty());
    Document {
        title: format!("{}{more}", names.join(" against ")),
        facts: format!("{runs} runs, {unit}. {} UTC.", now.format("%Y-%m-%d %H:%M")),
        link,
        insights: comparison.insights.iter().map(|insight| (insight.tone, insight.text.clone())).collect(),
        figure: figure(comparison),
        tables,
        method: METHOD.into(),
    }
}

const METHOD: &str = "All runs of the groups were used. Differences are tested by Welch's t-test and by Mann-Whitney; p-values are two-sided and adjusted by \
    Holm's method, those of the metric looked at for all pairs of groups, those of the table of metrics for all its tests. Intervals are at 95 %; the \
    bootstrap is bias-corrected and accelerated (BCa, 2,000 draws, fixed seed). Hedges' g is the difference in pooled standard deviations, corrected for small \
    samples; the rank-biserial correlation is Cliff's delta. Importance is that of a random forest (64 trees): what shuffling a param costs among runs a tree \
    has not seen.";

fn groups(comparison: &Comparison) -> Table {
    let rows = comparison.groups.iter().enumerate().map(|(at, group)| {
        let day = |ms: i64| DateTime::from_timestamp_millis(ms).map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default();
        let period = group.began.map(|(first, last)| format!("{} to {}", day(first), day(last))).unwrap_or_default();
        let name = if at == 0 { format!("{} (baseline)", group.name) } else { group.name.clone() };
        vec![name, group.runs.to_string(), group.setups.to_string(), group.failed.to_string(), period]
    });
    Table {
        title: "Groups".into(),
        head: vec!["Group", "Runs", "Setups", "Failed", "Began"],
        widths: vec![4.0, 1.0, 1.0, 1.0, 3.0],
        rows: rows.collect(),
    }
}

fn between(low: f64, high: f64) -> String {
    format!("{} to {}", number(low), number(high))
}

fn pairs(comparison: &Comparison, focus: &Focus) -> Table {
    let p = |p: Option<f64>| p.map(p_value).unwrap_or_default();
    let row = |pair: &Pair| {
        let welch = pair.welch.map(|test| format!("{} ({})", number(test.difference), between(test.low, test.high)));
        vec![
            format!("{} less {}", comparison.groups[pair.right].name, comparison.groups[pair.left].name),
            welch.unwrap_or_default(),
            p(pair.welch_adjusted),
            p(pair.ranks_adjusted),
            pair.bootstrap.map(|(low, high)| between(low, high)).unwrap_or_default(),
            pair.effect.map(|effect| format!("{} ({})", number(effect.g.value), between(effect.g.low, effect.g.high))).unwrap_or_default(),
            pair.rank_biserial.map(|size| format!("{} ({})", number(size.value), between(size.low, size.high))).unwrap_or_default(),
        ]
    };
    let testable = focus.pairs.iter().filter(|pair| pair.welch.is_some() || pair.ranks.is_some());
    Table {
        title: format!("{}: every two groups", focus.key),
        head: vec!["Groups", "Difference (95 %)", "Welch p", "Ranks p", "Bootstrap 95 %", "Hedges' g (95 %)", "Rank-biserial (95 %)"],
        widths: vec![2.6, 2.9, 1.25, 1.25, 2.3, 2.9, 2.9],
        rows: testable.map(row).collect(),
    }
}

fn metrics(comparison: &Comparison) -> Table {
    let mut rows = Vec::new();
    for row in &comparison.metrics {
        for (group, cell) in comparison.groups.iter().zip(&row.cells) {
            let Some(summary) = &cell.summary else { continue };
            let difference = cell.difference;
            rows.push(vec![
                row.key.clone(),
                group.name.clone(),
                summary.count.to_string(),
                if summary.count > 1 { format!("{} ± {}", number(summary.mean), number(summary.sd)) } else { number(summary.mean) },
                difference.map(|one| number(one.mean)).unwrap_or_default(),
                difference.and_then(|one| one.adjusted).map(p_value).unwrap_or_default(),
                difference.and_then(|one| one.size).map(|size| number(size.value)).unwrap_or_default(),
            ]);
        }
    }
    Table {
        title: "Metrics, what differs most first".into(),
        head: vec!["Metric", "Group", "n", "Mean ± sd", "Difference", "p (Holm)", "Hedges' g"],
        widths: vec![3.0, 3.0, 0.8, 2.4, 1.6, 1.3, 1.3],
        rows,
    }
}

fn params(comparison: &Comparison) -> Table {
    let mut rows = Vec::new();
    for row in comparison.params.iter().filter(|row| row.differs) {
        for (group, cell) in comparison.groups.iter().zip(&row.cells) {
            let mut values: Vec<String> =
                cell.common.iter().map(|(value, count)| if group.runs > 1 { format!("{value} ({count})") } else { value.clone() }).collect();
            if cell.distinct > cell.common.len() {
                values.push(format!("{} more", cell.distinct - cell.common.len()));
            }
            if cell.missing > 0 {
                values.push(format!("none ({})", cell.missing));
            }
            rows.push(vec![row.key.clone(), group.name.clone(), row.share.map(percent).unwrap_or_default(), values.join(", ")]);
        }
    }
    Table { title: "Params that differ".into(), head: vec!["Param", "Group", "Importance", "Values (runs)"], widths: vec![2.5, 3.0, 1.2, 5.0], rows }
}

fn figure(comparison: &Comparison) -> Option<Figure> {
    let focus = comparison.focus.as_ref()?;
    let row = comparison.metrics.iter().find(|row| row.key == focus.key)?;
    let boxes: Vec<Box> = comparison
        .groups
        .iter()
        .zip(&row.cells)
        .filter_map(|(group, cell)| {
            let own = cell.summary.as_ref()?;
            Some(Box { name: group.name.clone(), ends: [own.low, own.first_quartile, own.median, own.third_quartile, own.high], mean: own.mean })
        })
        .collect();
    let low = boxes.iter().map(|one| one.ends[0]).reduce(f64::min)?;
    let high = boxes.iter().map(|one| one.ends[4]).reduce(f64::max)?;
    let better = match focus.better {
        Some(Better::Higher) => ", higher is better",
        Some(Better::Lower) => ", lower is better",
        None => "",
    };
    Some(Figure { title: format!("{} (least, quartiles, greatest; dot: mean{better})", focus.key), boxes, low, high })
}
