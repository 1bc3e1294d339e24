# A task in a public subnet: it has a public address and is reached from the internet by it, and no load balancer.
#
#   neargate image load hello.tar                  # any image that answers HTTP at port 80; the README makes one
#   eval "$(neargate env)" && terraform init && terraform apply
#   neargate from internet -- curl "http://$(terraform output -raw address)/"
#   terraform destroy

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "image" {
  description = "An image that answers HTTP at port 80."
  type        = string
  default     = "hello"
}

variable "desired_count" {
  description = "How many tasks there are."
  type        = number
  default     = 1
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { Example = "public-subnet" }
  }
}

data "aws_availability_zones" "available" {
  state = "available"
}

resource "aws_vpc" "main" {
  cidr_block           = "10.31.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  vpc_id                  = aws_vpc.main.id
  cidr_block              = "10.31.0.0/24"
  availability_zone       = data.aws_availability_zones.available.names[0]
  map_public_ip_on_launch = true
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "web" {
  name        = "public-subnet-web"
  description = "HTTP from anywhere"
  vpc_id      = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "http" {
  security_group_id = aws_security_group.web.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.web.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_ecs_cluster" "main" {
  name = "public-subnet"
}

resource "aws_ecs_task_definition" "web" {
  family                   = "public-subnet-web"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  container_definitions = jsonencode([
    {
      name         = "web"
      image        = var.image
      essential    = true
      portMappings = [{ containerPort = 80 }]
      stopTimeout  = 2
    }
  ])
}

resource "aws_ecs_service" "web" {
  name                  = "web"
  cluster               = aws_ecs_cluster.main.id
  task_definition       = aws_ecs_task_definition.web.arn
  desired_count         = var.desired_count
  launch_type           = "FARGATE"
  wait_for_steady_state = true

  network_configuration {
    subnets          = [aws_subnet.public.id]
    security_groups  = [aws_security_group.web.id]
    assign_public_ip = true
  }

  # A task pulls its image through its interface, so there must be a way for it.
  depends_on = [
    aws_route_table_association.public,
    aws_vpc_security_group_egress_rule.all,
  ]
}

# The public address is the task's network interface's. There is one interface for each task.
data "aws_network_interfaces" "web" {
  filter {
    name   = "group-id"
    values = [aws_security_group.web.id]
  }

  depends_on = [aws_ecs_service.web]
}

data "aws_network_interface" "web" {
  id = data.aws_network_interfaces.web.ids[0]
}

output "address" {
  description = "Where a task answers on the internet."
  value       = data.aws_network_interface.web.association[0].public_ip
}
