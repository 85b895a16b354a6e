//! Relay pages (<https://relay.dev/graphql/connections.htm>): forward with `first` and `after`, backward with `last` and
//! `before`. Cursors are opaque, and stay good for ever: a row's place in its account never changes.

use async_graphql::connection::{Connection, CursorType, Edge, EmptyFields, OpaqueCursor};
use async_graphql::{ObjectType, OutputType};

use super::Failure;

/// Rows per page if nothing is said.
const PAGE_DEFAULT: i32 = 50;
/// Rows per page at most.
const PAGE_MAX: i32 = 200;

/// The place of a row: its version in the account.
pub(crate) type Cursor = OpaqueCursor<i64>;

/// Which rows of a list are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Rows after this place, in the list's order.
    pub(crate) after: Option<i64>,
    /// Rows before this place, in the list's order.
    pub(crate) before: Option<i64>,
    /// Whether the rows nearest to the end are wanted.
    pub(crate) from_end: bool,
    limit: i64,
}

impl Page {
    /// Reads the four arguments of a connection.
    pub(crate) fn parse(
        first: Option<i32>,
        after: Option<&str>,
        last: Option<i32>,
        before: Option<&str>,
    ) -> Result<Self, Failure> {
        let limit = match (first, last) {
            (Some(_), Some(_)) => {
                return Err(Failure::BadUserInput(
                    "first and last cannot be given together".to_owned(),
                ));
            }
            (limit, None) | (None, limit) => limit.unwrap_or(PAGE_DEFAULT),
        };
        if limit < 0 {
            return Err(Failure::BadUserInput(
                "first and last must not be negative".to_owned(),
            ));
        }
        if limit > PAGE_MAX {
            return Err(Failure::LimitExceeded(format!(
                "a page has at most {PAGE_MAX} rows"
            )));
        }
        Ok(Self {
            after: after.map(cursor).transpose()?,
            before: before.map(cursor).transpose()?,
            from_end: last.is_some(),
            limit: i64::from(limit),
        })
    }

    /// How many rows to fetch: one more than wanted tells whether there are more.
    pub(crate) fn fetch(self) -> i64 {
        self.limit + 1
    }

    /// The rows of the page, of those fetched, and whether there are more.
    pub(crate) fn cut<Row>(self, mut rows: Vec<Row>) -> (Vec<Row>, bool) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        (rows, more)
    }

    /// The connection of the rows fetched, which came in the list's order, or against it if from the end.
    pub(crate) fn connection<Row, Node, Fields>(
        self,
        rows: Vec<Row>,
        fields: Fields,
        edge: impl Fn(Row) -> Result<(i64, Node), Failure>,
    ) -> Result<Connection<Cursor, Node, Fields>, Failure>
    where
        Node: OutputType,
        Fields: ObjectType,
    {
        let (mut rows, more) = self.cut(rows);
        if self.from_end {
            rows.reverse();
        }
        // What lies beyond the cursor that a page began at was on another page; the specification allows to say so.
        let (has_previous, has_next) = if self.from_end {
            (more, self.before.is_some())
        } else {
            (self.after.is_some(), more)
        };
        let mut connection = Connection::with_additional_fields(has_previous, has_next, fields);
        for row in rows {
            let (place, node) = edge(row)?;
            connection
                .edges
                .push(Edge::<_, _, EmptyFields>::new(OpaqueCursor(place), node));
        }
        Ok(connection)
    }
}

fn cursor(text: &str) -> Result<i64, Failure> {
    match Cursor::decode_cursor(text) {
        Ok(OpaqueCursor(place)) => Ok(place),
        Err(_) => Err(Failure::BadUserInput(
            "after and before take a cursor from an earlier answer".to_owned(),
        )),
    }
}

/// What a page costs, for the complexity limit: as much as it may hold.
pub(crate) fn page_cost(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let rows = first.or(last).unwrap_or(PAGE_DEFAULT).clamp(0, PAGE_MAX);
    usize::try_from(rows)
        .unwrap_or_default()
        .saturating_mul(child)
        .saturating_add(1)
}
