//! Log events: what keeps them, finds them and says which of them are meant. It knows neither log groups nor AWS's API.
//!
//! | module | what |
//! |---|---|
//! | [`store`] | the events of log streams in files: appending, paging, searching, expiry |
//! | [`pattern`] | CloudWatch Logs' filter patterns; pure |

#![forbid(unsafe_code)]

pub mod pattern;
pub mod store;
