//! A stable sort that bears comparisons which contradict each other.
//!
//! Some orders the scheduler knows (operations by age, instances by several looks) are no total
//! orders, and the standard library's sort may panic on those.

use std::cmp::Ordering;

/// Sorts by merging; equal elements keep their order.
pub(crate) fn stable<T: Copy>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut width = 1;
    let mut from = items.clone();
    while width < items.len() {
        let mut into = Vec::with_capacity(from.len());
        for chunk in from.chunks(width * 2) {
            let (left, right) = chunk.split_at(width.min(chunk.len()));
            merge(left, right, &mut into, &mut compare);
        }
        from = into;
        width *= 2;
    }
    *items = from;
}

fn merge<T: Copy>(
    mut left: &[T],
    mut right: &[T],
    into: &mut Vec<T>,
    compare: &mut impl FnMut(&T, &T) -> Ordering,
) {
    while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
        if compare(a, b) == Ordering::Greater {
            into.push(*b);
            right = rest_right;
        } else {
            into.push(*a);
            left = rest_left;
        }
    }
    into.extend_from_slice(left);
    into.extend_from_slice(right);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_elements_keep_their_order() {
        let mut items = vec![(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd'), (0, 'e')];
        stable(&mut items, |a, b| a.0.cmp(&b.0));
        assert_eq!(items, [(0, 'e'), (1, 'b'), (1, 'd'), (2, 'a'), (2, 'c')]);
    }

    #[test]
    fn an_order_that_contradicts_itself_does_no_harm() {
        let mut items: Vec<u32> = (0..100).collect();
        stable(&mut items, |a, b| (a * 7 % 5).cmp(&(b * 3 % 4)));
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
