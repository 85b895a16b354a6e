//! The picture: throughput and latency against clients, the bank and the peer, as an SVG that needs nothing else.

use std::fmt::Write as _;

use crate::compare::Comparison;
use crate::contender::Side;

/// What was measured with so many clients: the bank first, then the peer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub(super) clients: usize,
    pub(super) sides: [Measured; 2],
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) per_s: f64,
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
}

impl Point {
    pub(super) fn of(clients: usize, compared: &Comparison) -> Self {
        let measured = |side: &Side| Measured {
            per_s: side.throughput_per_s,
            p50_ms: side.p50_ms,
            p99_ms: side.p99_ms,
        };
        Self {
            clients,
            sides: [measured(&compared.ours), measured(&compared.peer)],
        }
    }
}

const PANEL: Panel = Panel {
    width: 330.0,
    height: 240.0,
};
const LEFTS: [f64; 2] = [70.0, 490.0];
const TOP: f64 = 60.0;
/// Of the two sides, dark enough on white; the peer is dashed too, so that colour is not all that tells them apart.
const COLOURS: [&str; 2] = ["#0b5c4a", "#a3231b"];
const DASHES: [&str; 2] = ["", "6 4"];
const NAMES: [&str; 2] = ["the bank", "the peer"];

struct Panel {
    width: f64,
    height: f64,
}

/// From a value to a place on the vertical axis, from 0 at the foot to 1, and what is written beside it.
struct Axis {
    ticks: Vec<f64>,
    is_logarithmic: bool,
}

impl Axis {
    /// From nothing to a round number above the largest.
    fn linear(largest: f64) -> Self {
        let magnitude = 10_f64.powf(largest.max(1.0).log10().floor());
        let step = [0.2, 0.5, 1.0, 2.0]
            .into_iter()
            .map(|part| part * magnitude)
            .find(|step| largest / step <= 6.0)
            .unwrap_or(magnitude * 2.0);
        let ticks = (0..=6_u32).map(|tick| f64::from(tick) * step);
        let above = ticks.clone().find(|tick| *tick >= largest).unwrap_or(6.0 * step);
        Self {
            ticks: ticks.take_while(|tick| *tick <= above).collect(),
            is_logarithmic: false,
        }
    }

    /// Powers of ten around all of them.
    fn logarithmic(smallest: f64, largest: f64) -> Self {
        let ticks = (-3..=6).map(|power| 10_f64.powi(power));
        let below = ticks.clone().rfind(|tick| *tick <= smallest).unwrap_or(0.001);
        let above = ticks.clone().find(|tick| *tick >= largest).unwrap_or(1e6);
        Self {
            ticks: ticks.filter(|tick| (below..=above).contains(tick)).collect(),
            is_logarithmic: true,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let of = |value: f64| if self.is_logarithmic { value.log10() } else { value };
        let first = of(self.ticks.first().copied().unwrap_or(0.0));
        let last = of(self.ticks.last().copied().unwrap_or(1.0));
        if last > first {
            (of(value) - first) / (last - first)
        } else {
            0.0
        }
    }
}

pub(super) fn draw(points: &[Point]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 370\" font-family=\"system-ui, sans-serif\" font-size=\"12\" \
         role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">Throughput and latency against clients: the bank and the idiomatic peer\
         </title>\n<rect width=\"860\" height=\"370\" fill=\"#ffffff\"/>\n",
    );
    legend(&mut svg);
    let rates = points.iter().flat_map(|point| point.sides.map(|side| side.per_s));
    let axis = Axis::linear(rates.fold(0.0, f64::max));
    frame(&mut svg, LEFTS[0], "authorizations per second", &axis, points);
    for side in [0, 1] {
        line(&mut svg, LEFTS[0], side, &axis, points, 1.0, |measured| {
            Some(measured.per_s)
        });
    }
    let latencies = || {
        points
            .iter()
            .flat_map(|point| point.sides.map(|side| [side.p50_ms, side.p99_ms]))
            .flatten()
            .flatten()
    };
    let axis = Axis::logarithmic(
        latencies().fold(f64::MAX, f64::min),
        latencies().fold(0.0, f64::max),
    );
    frame(
        &mut svg,
        LEFTS[1],
        "latency in ms: p50, and p99 (fainter)",
        &axis,
        points,
    );
    for side in [0, 1] {
        line(&mut svg, LEFTS[1], side, &axis, points, 1.0, |measured| {
            measured.p50_ms
        });
        line(&mut svg, LEFTS[1], side, &axis, points, 0.55, |measured| {
            measured.p99_ms
        });
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    for (left, ((name, colour), dashes)) in [70, 190].into_iter().zip(NAMES.iter().zip(COLOURS).zip(DASHES)) {
        let _ = writeln!(
            svg,
            "<path d=\"M{left} 20h30\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dashes}\"/>\
             <text x=\"{}\" y=\"24\" fill=\"#14201b\">{name}</text>",
            left + 38
        );
    }
}

/// Title, axes, grid and what is written at them.
fn frame(svg: &mut String, left: f64, title: &str, axis: &Axis, points: &[Point]) {
    let foot = TOP + PANEL.height;
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"{}\" fill=\"#14201b\" font-size=\"14\">{title}</text>",
        TOP - 12.0
    );
    for tick in &axis.ticks {
        let y = foot - axis.place(*tick) * PANEL.height;
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {y:.1}h{}\" stroke=\"#ebefec\"/><text x=\"{}\" y=\"{:.1}\" fill=\"#4b5a53\" text-anchor=\"end\">{}</text>",
            PANEL.width,
            left - 8.0,
            y + 4.0,
            tick_label(*tick)
        );
    }
    for (at, point) in points.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" fill=\"#4b5a53\" text-anchor=\"middle\">{}</text>",
            x(left, at, points.len()),
            foot + 18.0,
            point.clients
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" fill=\"#4b5a53\" text-anchor=\"middle\">calls in flight</text>",
        left + PANEL.width / 2.0,
        foot + 38.0
    );
}

fn tick_label(tick: f64) -> String {
    if tick >= 1000.0 {
        format!("{}k", tick / 1000.0)
    } else {
        format!("{tick}")
    }
}

/// One curve. Where nothing was measured it has no point.
fn line(
    svg: &mut String,
    left: f64,
    side: usize,
    axis: &Axis,
    points: &[Point],
    opacity: f64,
    value: fn(Measured) -> Option<f64>,
) {
    let places: Vec<(f64, f64)> = points
        .iter()
        .enumerate()
        .filter_map(|(at, point)| {
            let value = value(point.sides[side])?;
            let y = TOP + PANEL.height - axis.place(value) * PANEL.height;
            Some((x(left, at, points.len()), y))
        })
        .collect();
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let colour = COLOURS[side];
    let _ = writeln!(
        svg,
        "<g opacity=\"{opacity}\"><path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{}\"/>",
        path.join("L"),
        DASHES[side]
    );
    for (x, y) in places {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
        );
    }
    svg.push_str("</g>\n");
}

/// Points stand at equal distances: each has about four times the clients of the one before.
fn x(left: f64, at: usize, count: usize) -> f64 {
    let steps = count.saturating_sub(1).max(1) as f64;
    left + PANEL.width * (0.05 + 0.9 * at as f64 / steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(per_s: f64, p50_ms: f64) -> Measured {
        Measured {
            per_s,
            p50_ms: Some(p50_ms),
            p99_ms: Some(p50_ms * 3.0),
        }
    }

    #[test]
    fn an_axis_holds_what_is_on_it() {
        let axis = Axis::linear(27_312.0);
        assert_eq!(axis.ticks, [0.0, 5e3, 10e3, 15e3, 20e3, 25e3, 30e3]);
        assert!((axis.place(15_000.0) - 0.5).abs() < 1e-9);
        let axis = Axis::logarithmic(0.4, 110.0);
        assert_eq!(axis.ticks, [0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert!((axis.place(10.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn both_sides_are_drawn_within_the_picture() {
        let points = [1, 128].map(|clients| Point {
            clients,
            sides: [measured(25_000.0, 0.5), measured(2_500.0, 40.0)],
        });
        let svg = draw(&points);
        assert_eq!(svg.matches("<circle").count(), 2 * 2 * 3);
        for colour in COLOURS {
            assert!(svg.contains(colour));
        }
        assert!(!svg.contains("NaN"), "{svg}");
    }
}
