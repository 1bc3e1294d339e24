# Two tiers: web tasks behind a Network Load Balancer, and api tasks in private subnets that they find by a name of AWS Cloud Map.
# Each api task greets with a parameter of SSM Parameter Store; the web tier follows its load.
#
#   neargate image load hello.tar                  # any image with /bin/busybox; the README makes one
#   eval "$(neargate env)" && terraform init && terraform apply
#   neargate from internet -- curl "$(terraform output -raw url)"
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
  description = "An image with /bin/busybox."
  type        = string
  default     = "hello"
}

variable "greeting" {
  description = "What the api says."
  type        = string
  default     = "Hello from the second tier"
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { Example = "two-tiers" }
  }
}

data "aws_availability_zones" "available" {
  state = "available"
}

locals {
  name = "two-tiers"
  # Each tier is a web server with one program. The web's asks the api; the api's says its greeting.
  serve = "/bin/busybox mkdir -p /site/cgi-bin && /bin/busybox printf '#!/bin/busybox sh\\n%s\\n' \"$PROGRAM\" > /site/cgi-bin/index.cgi && /bin/busybox chmod +x /site/cgi-bin/index.cgi && exec /bin/busybox httpd -f -p 80 -h /site"
}

# The network: two zones, each with a public and a private subnet.

resource "aws_vpc" "main" {
  cidr_block           = "10.33.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  count                   = 2
  vpc_id                  = aws_vpc.main.id
  cidr_block              = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone       = data.aws_availability_zones.available.names[count.index]
  map_public_ip_on_launch = true
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, 10 + count.index)
  availability_zone = data.aws_availability_zones.available.names[count.index]
}

resource "aws_default_route_table" "public" {
  default_route_table_id = aws_vpc.main.default_route_table_id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_eip" "nat" {
  domain     = "vpc"
  depends_on = [aws_internet_gateway.main]
}

resource "aws_nat_gateway" "main" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public[0].id
  depends_on    = [aws_default_route_table.public]
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.main.id
  }
}

resource "aws_route_table_association" "private" {
  count          = 2
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

# What is left of the VPC's default security group: nothing.
resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "web" {
  name        = "${local.name}-web"
  description = "HTTP from anywhere: a Network Load Balancer keeps the addresses of clients"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group" "api" {
  name        = "${local.name}-api"
  description = "HTTP from the web tier"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group_rule" "web_in" {
  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_blocks       = ["0.0.0.0/0"]
}

resource "aws_security_group_rule" "api_in" {
  security_group_id        = aws_security_group.api.id
  type                     = "ingress"
  protocol                 = "tcp"
  from_port                = 80
  to_port                  = 80
  source_security_group_id = aws_security_group.web.id
}

resource "aws_security_group_rule" "out" {
  for_each          = { web = aws_security_group.web.id, api = aws_security_group.api.id }
  security_group_id = each.value
  type              = "egress"
  protocol          = "-1"
  from_port         = 0
  to_port           = 0
  cidr_blocks       = ["0.0.0.0/0"]
}

# What both tiers are made with.

resource "aws_ecs_cluster" "main" {
  name = local.name
}

resource "aws_iam_role" "execution" {
  name = "${local.name}-execution"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "greeting" {
  name = "greeting"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "ssm:GetParameters"
      Resource = aws_ssm_parameter.greeting.arn
    }]
  })
}

resource "aws_ssm_parameter" "greeting" {
  name  = "/${local.name}/greeting"
  type  = "SecureString"
  value = var.greeting
}

# The second tier.

resource "aws_service_discovery_private_dns_namespace" "main" {
  name = "${local.name}.local"
  vpc  = aws_vpc.main.id
}

resource "aws_service_discovery_service" "api" {
  name = "api"

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.main.id

    dns_records {
      type = "A"
      ttl  = 10
    }
  }

  health_check_custom_config {
    failure_threshold = 1
  }
}

resource "aws_ecs_task_definition" "api" {
  family                   = "${local.name}-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions = jsonencode([
    {
      name         = "api"
      image        = var.image
      essential    = true
      command      = ["/bin/busybox", "sh", "-c", local.serve]
      portMappings = [{ containerPort = 80 }]
      # A program of httpd's sees the server's environment.
      environment = [{ name = "PROGRAM", value = "/bin/busybox printf 'Content-Type: text/plain\\r\\n\\r\\n%s\\n' \"$GREETING\"" }]
      secrets     = [{ name = "GREETING", valueFrom = aws_ssm_parameter.greeting.arn }]
      stopTimeout = 2
    }
  ])
}

resource "aws_ecs_service" "api" {
  name                  = "api"
  cluster               = aws_ecs_cluster.main.id
  task_definition       = aws_ecs_task_definition.api.arn
  desired_count         = 2
  launch_type           = "FARGATE"
  wait_for_steady_state = true

  network_configuration {
    subnets         = aws_subnet.private[*].id
    security_groups = [aws_security_group.api.id]
  }

  service_registries {
    registry_arn = aws_service_discovery_service.api.arn
  }

  depends_on = [
    aws_iam_role_policy_attachment.execution,
    aws_iam_role_policy.greeting,
    aws_route_table_association.private,
    aws_security_group_rule.out,
  ]
}

# The first tier.

resource "aws_lb" "front" {
  name               = local.name
  load_balancer_type = "network"
  subnets            = aws_subnet.public[*].id
}

resource "aws_lb_target_group" "web" {
  name                 = "${local.name}-web"
  vpc_id               = aws_vpc.main.id
  port                 = 80
  protocol             = "TCP"
  target_type          = "ip"
  deregistration_delay = 5
  preserve_client_ip   = true

  health_check {
    interval = 5
    timeout  = 2
  }
}

resource "aws_lb_listener" "tcp" {
  load_balancer_arn = aws_lb.front.arn
  port              = 80
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_ecs_task_definition" "web" {
  family                   = "${local.name}-web"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  container_definitions = jsonencode([
    {
      name         = "web"
      image        = var.image
      essential    = true
      command      = ["/bin/busybox", "sh", "-c", local.serve]
      portMappings = [{ containerPort = 80 }]
      environment = [{
        name  = "PROGRAM"
        value = "/bin/busybox printf 'Content-Type: text/plain\\r\\n\\r\\n'; exec /bin/busybox wget -q -O - http://api.${local.name}.local/cgi-bin/index.cgi"
      }]
      stopTimeout = 2
    }
  ])
}

resource "aws_ecs_service" "web" {
  name                  = "web"
  cluster               = aws_ecs_cluster.main.id
  task_definition       = aws_ecs_task_definition.web.arn
  desired_count         = 2
  launch_type           = "FARGATE"
  wait_for_steady_state = true

  network_configuration {
    subnets          = aws_subnet.public[*].id
    security_groups  = [aws_security_group.web.id]
    assign_public_ip = true
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.web.arn
    container_name   = "web"
    container_port   = 80
  }

  # How many there are is decided by the load.
  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [
    aws_lb_listener.tcp,
    aws_ecs_service.api,
    aws_default_route_table.public,
  ]
}

resource "aws_appautoscaling_target" "web" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.web.name}"
  min_capacity       = 2
  max_capacity       = 4
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  resource_id        = aws_appautoscaling_target.web.resource_id

  target_tracking_scaling_policy_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "busy" {
  alarm_name          = "${local.name}-busy"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = aws_ecs_cluster.main.name, ServiceName = aws_ecs_service.web.name }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 90
}

output "url" {
  description = "Where the load balancer answers on the internet."
  value       = "http://${aws_lb.front.dns_name}/cgi-bin/index.cgi"
}
