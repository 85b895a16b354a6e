//! What several runs of one thing come down to.

/// The middle one, or between the two in the middle. Nothing where there is nothing.
pub(crate) fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

/// How far the outermost are apart, in percent of the median.
pub(crate) fn spread_percent(figures: &[f64]) -> Option<f64> {
    let middle = median(figures)?;
    let (least, most) = figures
        .iter()
        .fold((f64::MAX, f64::MIN), |(least, most), figure| {
            (least.min(*figure), most.max(*figure))
        });
    Some((most - least) / middle * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn the_spread_is_of_the_outermost() {
        assert_eq!(spread_percent(&[]), None);
        assert_eq!(spread_percent(&[100.0, 90.0, 110.0]), Some(20.0));
    }
}
