# Networks.

resource "aws_vpc" "main" {
  cidr_block = "10.40.0.0/16"
  tags       = { Name = "many", generation = var.generation }
}

resource "aws_vpc_ipv4_cidr_block_association" "more" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.41.0.0/16"
}

resource "aws_vpc" "other" {
  cidr_block = "10.42.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "main" {
  for_each                = { a = "10.40.0.0/24", b = "10.40.1.0/24" }
  vpc_id                  = aws_vpc.main.id
  cidr_block              = each.value
  availability_zone       = "us-east-1${each.key}"
  map_public_ip_on_launch = var.generation == 1
}

resource "aws_subnet" "more" {
  vpc_id     = aws_vpc_ipv4_cidr_block_association.more.vpc_id
  cidr_block = "10.41.0.0/24"
}

resource "aws_route_table" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_main_route_table_association" "main" {
  vpc_id         = aws_vpc.main.id
  route_table_id = aws_route_table.main.id
}

resource "aws_route" "out" {
  route_table_id         = aws_route_table.main.id
  destination_cidr_block = var.generation == 1 ? "0.0.0.0/0" : "198.18.0.0/15"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route" "other" {
  route_table_id            = aws_route_table.main.id
  destination_cidr_block    = aws_vpc.other.cidr_block
  vpc_peering_connection_id = aws_vpc_peering_connection.other.id
}

resource "aws_vpc_peering_connection" "other" {
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.other.id
  auto_accept = true
}

resource "aws_network_acl" "main" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [aws_subnet.main["a"].id]

  ingress {
    rule_no    = 100
    protocol   = "tcp"
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 80
    to_port    = 80 + var.generation
  }
}

resource "aws_network_acl_rule" "out" {
  network_acl_id = aws_network_acl.bare.id
  rule_number    = 100
  egress         = true
  protocol       = "-1"
  rule_action    = "allow"
  cidr_block     = "0.0.0.0/0"
}

resource "aws_network_acl" "bare" {
  vpc_id = aws_vpc.main.id
}

resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "offices"
  address_family = "IPv4"
  max_entries    = 4

  dynamic "entry" {
    for_each = slice(["192.0.2.0/24", "198.51.100.0/24"], 0, var.generation)

    content {
      cidr        = entry.value
      description = "office"
    }
  }
}

resource "aws_security_group" "main" {
  name_prefix = "many-"
  vpc_id      = aws_vpc.main.id

  ingress {
    description     = "offices"
    from_port       = 443
    to_port         = 443
    protocol        = "tcp"
    prefix_list_ids = [aws_ec2_managed_prefix_list.offices.id]
  }

  ingress {
    description = var.generation == 1 ? "peers" : "neighbours"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    self        = true
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "bare" {
  security_group_id            = aws_security_group.bare.id
  referenced_security_group_id = aws_security_group.main.id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 79 + var.generation
}

resource "aws_security_group" "bare" {
  vpc_id = aws_vpc.main.id
}

resource "aws_network_interface" "main" {
  subnet_id       = aws_subnet.main["a"].id
  private_ips     = ["10.40.0.40"]
  security_groups = [aws_security_group.main.id]
  description     = "generation ${var.generation}"
}

resource "aws_eip" "main" {
  domain            = "vpc"
  network_interface = aws_network_interface.main.id
  depends_on        = [aws_internet_gateway.main]
}

resource "aws_nat_gateway" "private" {
  connectivity_type = "private"
  subnet_id         = aws_subnet.main["b"].id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.main.id
  service_name    = "com.amazonaws.${data.aws_region.current.name}.s3"
  route_table_ids = [aws_route_table.main.id]
}

resource "aws_vpc_endpoint" "logs" {
  vpc_id              = aws_vpc.main.id
  service_name        = "com.amazonaws.${data.aws_region.current.name}.logs"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for subnet in aws_subnet.main : subnet.id]
  security_group_ids  = [aws_security_group.main.id]
  private_dns_enabled = false
}

resource "aws_ec2_tag" "main" {
  resource_id = aws_vpc.main.default_security_group_id
  key         = "extra"
  value       = var.generation
}
