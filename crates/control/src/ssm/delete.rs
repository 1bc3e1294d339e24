//! DeleteParameter, DeleteParameters: a parameter goes with all its versions.

use super::reference;
use crate::{
    Tx,
    state::{Parameter, Record},
};
use aws::{
    api::ssm::{DeleteParameterRequest, DeleteParameterResult, DeleteParametersRequest, DeleteParametersResult},
    fault::Fault,
};

/// DeleteParameter.
pub(super) fn one(tx: &mut Tx<'_>, request: DeleteParameterRequest) -> Result<DeleteParameterResult, Fault> {
    let DeleteParameterRequest { name } = request;
    delete(tx, &name)?;
    Ok(DeleteParameterResult {})
}

/// DeleteParameters: what is not there is listed.
pub(super) fn several(tx: &mut Tx<'_>, request: DeleteParametersRequest) -> Result<DeleteParametersResult, Fault> {
    let DeleteParametersRequest { names } = request;
    let (deleted, invalid) = names.into_iter().partition(|name| delete(tx, name).is_ok());
    Ok(DeleteParametersResult { deleted_parameters: Some(deleted), invalid_parameters: Some(invalid) })
}

fn delete(tx: &mut Tx<'_>, name: &str) -> Result<(), Fault> {
    let key = reference::parse(&tx.state, name)?.parameter(&tx.state).map(Parameter::key)?;
    let versions: Vec<String> = reference::versions(&tx.state, &key).into_iter().map(Record::key).collect();
    for version in versions {
        tx.state.parameter_versions.remove(&version);
    }
    tx.state.parameters.remove(&key);
    Ok(())
}
