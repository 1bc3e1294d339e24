//! One function after the other, by name.

use super::{Evaluator, Statics, cidr, function, is_complete, shape, standing, text};
use crate::{Error, sections::macro_refused};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

impl Evaluator<'_> {
    /// What a function comes to: itself, with what it is given computed, when that is not known yet.
    pub(super) fn call(&self, name: &str, argument: &Value) -> Result<Option<Value>, Error> {
        match name {
            "Ref" => {
                let id = argument.as_str().ok_or_else(|| shape::wrong(name))?;
                Ok(self.reference(id).unwrap_or_else(|| Some(standing("Ref", id.into()))))
            }
            "Fn::If" => self.choose(argument),
            _ => self.function(name, argument).map(Some),
        }
    }

    fn function(&self, name: &str, argument: &Value) -> Result<Value, Error> {
        match name {
            "Fn::GetAtt" => self.attribute(argument),
            "Fn::Sub" => self.sub(argument),
            "Fn::Join" => self.join(argument),
            "Fn::Split" => self.split(argument),
            "Fn::Select" => self.select(argument),
            "Fn::Base64" => self.of_text(name, argument, |text| Ok(BASE64_STANDARD.encode(text).into())),
            "Fn::Cidr" => self.cidr(argument),
            "Fn::ImportValue" => self.import(argument),
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::GetAZs" => self.zones(argument),
            "Fn::ToJsonString" => self.json(argument),
            "Fn::Length" => self.length(argument),
            "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals" => self.decision(name, argument),
            "Fn::Contains" | "Fn::EachMemberEquals" | "Fn::EachMemberIn" => self.membership(name, argument),
            "Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll" => self.of_parameters(name, argument),
            "Fn::Transform" => Err(macro_refused(argument.get("Name").and_then(Value::as_str).unwrap_or_default())),
            _ => Err(shape::unsupported(name)),
        }
    }

    /// A value that has to be there.
    fn needed(&self, name: &str, value: &Value) -> Result<Value, Error> {
        self.value(value)?.ok_or_else(|| shape::wrong(name))
    }

    /// Elements of a function's list.
    pub(super) fn elements<const N: usize>(&self, name: &str, argument: &Value) -> Result<[Value; N], Error> {
        let wrong = || shape::wrong(name);
        let items = argument.as_array().filter(|items| items.len() == N).ok_or_else(wrong)?;
        let items: Vec<Value> = items.iter().map(|item| self.needed(name, item)).collect::<Result<_, _>>()?;
        items.try_into().map_err(|_| wrong())
    }

    fn of_text(
        &self,
        name: &str,
        argument: &Value,
        with: impl Fn(&str) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let value = self.needed(name, argument)?;
        if function(&value).is_some() {
            return Ok(standing(name, value));
        }
        with(&text(&value).ok_or_else(|| shape::wrong(name))?)
    }

    /// Only the branch that is taken is looked at.
    fn choose(&self, argument: &Value) -> Result<Option<Value>, Error> {
        let Some([condition, yes, no]) = argument.as_array().map(Vec::as_slice) else {
            return Err(shape::wrong("Fn::If"));
        };
        let Some(name) = condition.as_str() else {
            return Err(Error::function("Fn::If requires a list argument with the first element being a condition"));
        };
        let Some(statics) = &self.statics else { return Ok(Some(standing("Fn::If", argument.clone()))) };
        match statics.conditions.get(name) {
            Some(truth) => self.value(if *truth { yes } else { no }),
            None => Err(Error::function(format!("unresolved condition dependency {name} in Fn::If"))),
        }
    }

    fn attribute(&self, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong("Fn::GetAtt");
        let (id, name) = match argument {
            Value::String(path) => {
                path.split_once('.').map(|(id, name)| (id.to_owned(), name.to_owned())).ok_or_else(wrong)?
            }
            Value::Array(_) => {
                let [id, name] = self.elements("Fn::GetAtt", argument)?;
                if function(&id).is_some() || function(&name).is_some() {
                    return Err(wrong());
                }
                (text(&id).ok_or_else(wrong)?, text(&name).ok_or_else(wrong)?)
            }
            _ => return Err(wrong()),
        };
        if id.is_empty() || name.is_empty() {
            return Err(wrong());
        }
        let known = self.lookup.map(|lookup| lookup.attribute(&id, &name)).transpose()?.flatten();
        Ok(known.unwrap_or_else(|| standing("Fn::GetAtt", Value::Array(vec![id.into(), name.into()]))))
    }

    fn join(&self, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong("Fn::Join");
        let [delimiter, list] = self.elements("Fn::Join", argument)?;
        let between = delimiter.as_str().ok_or_else(wrong)?;
        let Value::Array(items) = &list else {
            function(&list).ok_or_else(wrong)?;
            return Ok(standing("Fn::Join", Value::Array(vec![delimiter, list])));
        };
        // What is neither a text nor a function that may come to one is wrong, whatever else is known.
        let texts: Vec<Option<String>> = items
            .iter()
            .map(|item| if function(item).is_some() { Ok(None) } else { text(item).map(Some).ok_or_else(wrong) })
            .collect::<Result<_, _>>()?;
        let known: Option<Vec<String>> = texts.into_iter().collect();
        Ok(match known {
            Some(texts) => {
                self.fits(texts.len().saturating_mul(between.len()))?;
                texts.join(between).into()
            }
            None => standing("Fn::Join", Value::Array(vec![delimiter, list])),
        })
    }

    fn split(&self, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong("Fn::Split");
        let [delimiter, source] = self.elements("Fn::Split", argument)?;
        let between = delimiter.as_str().filter(|text| !text.is_empty()).ok_or_else(wrong)?;
        if function(&source).is_some() {
            return Ok(standing("Fn::Split", Value::Array(vec![delimiter, source])));
        }
        let source = text(&source).ok_or_else(wrong)?;
        Ok(source.split(between).map(str::to_owned).collect::<Vec<_>>().into())
    }

    fn select(&self, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong("Fn::Select");
        let [index, list] = self.elements("Fn::Select", argument)?;
        if function(&index).is_some() || function(&list).is_some() {
            return Ok(standing("Fn::Select", Value::Array(vec![index, list])));
        }
        let number = text(&index).and_then(|text| text.trim().parse::<i64>().ok());
        let number = number.ok_or_else(|| {
            Error::function("Fn::Select requires a list argument with a valid index value as its first element")
        })?;
        let items = list.as_array().ok_or_else(wrong)?;
        // Two spaces: so it is at AWS.
        let missing = || Error::function(format!("Fn::Select  cannot select nonexistent value at index {number}"));
        usize::try_from(number).ok().and_then(|at| items.get(at)).cloned().ok_or_else(missing)
    }

    fn cidr(&self, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong("Fn::Cidr");
        let items: [Value; 3] = self.elements("Fn::Cidr", argument)?;
        if items.iter().any(|item| function(item).is_some()) {
            return Ok(standing("Fn::Cidr", Value::Array(items.into())));
        }
        let texts: Vec<String> = items.iter().map(|item| text(item).ok_or_else(wrong)).collect::<Result<_, _>>()?;
        let [block, count, bits] = texts.as_slice() else { return Err(wrong()) };
        let count = count.trim().parse().map_err(|_| wrong())?;
        let bits = bits.trim().parse().map_err(|_| wrong())?;
        Ok(cidr::parts(block.trim(), count, bits)?.into())
    }

    fn import(&self, argument: &Value) -> Result<Value, Error> {
        self.of_text("Fn::ImportValue", argument, |export| {
            let known = self.lookup.map(|lookup| lookup.import(export)).transpose()?.flatten();
            Ok(known.unwrap_or_else(|| standing("Fn::ImportValue", export.into())))
        })
    }

    fn find_in_map(&self, argument: &Value) -> Result<Value, Error> {
        let wrong = || shape::wrong("Fn::FindInMap");
        let Some(Statics { mappings, .. }) = &self.statics else {
            return Ok(standing("Fn::FindInMap", argument.clone()));
        };
        let (keys, default) = match argument.as_array().map(Vec::as_slice) {
            Some([map, first, second]) => ([map, first, second], None),
            Some([map, first, second, default]) => {
                ([map, first, second], Some(default.get("DefaultValue").ok_or_else(wrong)?))
            }
            _ => return Err(wrong()),
        };
        let mut names = Vec::with_capacity(3);
        for key in keys {
            names.push(text(&self.needed("Fn::FindInMap", key)?).ok_or_else(wrong)?);
        }
        let [map, first, second] = names.as_slice() else { return Err(wrong()) };
        let found = mappings.get(map).and_then(|map| map.get(first)).and_then(|attributes| attributes.get(second));
        match (found, default) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(default)) => self.needed("Fn::FindInMap", default),
            (None, None) if !mappings.contains_key(map) => Err(Error::function(format!(
                "Mapping named '{map}' is not present in the 'Mappings' section of template."
            ))),
            (None, None) => Err(Error::function(format!("Unable to get mapping for {map}::{first}::{second}"))),
        }
    }

    /// Of a region other than those that are known the list is empty, as at AWS. The region must be known before anything is made.
    fn zones(&self, argument: &Value) -> Result<Value, Error> {
        let Some(Statics { setting, .. }) = &self.statics else { return Ok(standing("Fn::GetAZs", argument.clone())) };
        let region = text(&self.needed("Fn::GetAZs", argument)?).ok_or_else(|| shape::wrong("Fn::GetAZs"))?;
        let region = if region.is_empty() { setting.region.as_str() } else { region.as_str() };
        Ok(setting.zones.get(region).cloned().unwrap_or_default().into())
    }

    fn json(&self, argument: &Value) -> Result<Value, Error> {
        let value = self.needed("Fn::ToJsonString", argument)?;
        if !is_complete(&value) {
            return Ok(standing("Fn::ToJsonString", value));
        }
        match value {
            Value::Object(_) | Value::Array(_) => Ok(value.to_string().into()),
            _ => Err(shape::wrong("Fn::ToJsonString")),
        }
    }

    fn length(&self, argument: &Value) -> Result<Value, Error> {
        let value = self.needed("Fn::Length", argument)?;
        match &value {
            Value::Array(items) => Ok(items.len().into()),
            _ if function(&value).is_some() => Ok(standing("Fn::Length", value)),
            _ => Err(shape::wrong("Fn::Length")),
        }
    }
}
