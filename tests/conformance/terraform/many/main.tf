# One of each kind that has to do with tasks and their networks, as far as the examples have none of it. Nothing of it runs.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { Program = "many" }
  }
}

variable "generation" {
  description = "Changes what can be changed."
  type        = number
  default     = 1
}

variable "certificate" {
  description = "A certificate and its key, in PEM."
  type        = object({ body = string, key = string })
}

data "aws_region" "current" {}
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

data "aws_iam_policy" "execution" {
  name = "AmazonECSTaskExecutionRolePolicy"
}
